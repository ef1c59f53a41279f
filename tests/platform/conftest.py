"""One platform for all tests that only ask; those that kill something start their own."""

from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio

from tests.support.local_platform import LocalPlatform


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def platform(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[LocalPlatform]:
    """The platform, up: do not stop it or any of its parts."""
    async with LocalPlatform(tmp_path_factory.mktemp("platform")) as running:
        yield running


@pytest.fixture
def own_platform(tmp_path_factory: pytest.TempPathFactory) -> LocalPlatform:
    """A platform of the test's own, not started yet."""
    return LocalPlatform(tmp_path_factory.mktemp("platform"))
