"""A service as small as one can be, for tests that start, signal and end real processes.

Answers `Read` with its parameters; with `text` "hold" it answers a second after it was asked.
"""

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import ClassVar

import msgspec
from pydantic import Field

from shared.runtime.ends import CannotStart
from shared.runtime.responder import RpcRequest
from shared.runtime.service import Life, run
from shared.runtime.settings import BusSettings, Port, own
from tests.support.operations import Read


class Settings(BusSettings):
    """Of the service under test."""

    service: ClassVar[str] = "a_service"
    port: Port = own(0, "Port of health, readiness and metrics.")
    cannot: str = Field(default="", description="Why the service cannot start.")


async def answer(request: RpcRequest) -> bytes:
    """The parameters; sooner or later."""
    given = request.operation.given()
    if given.get("text") == "hold":
        await asyncio.sleep(1)
    return msgspec.json.encode(given)


@asynccontextmanager
async def serve(life: Life[Settings]) -> AsyncGenerator[None, None]:
    """Opens nothing, answers `Read`."""
    if life.settings.cannot:
        raise CannotStart(life.settings.cannot)
    life.answer([Read.spec], answer)
    yield
    sys.stderr.write("closed what was opened\n")


if __name__ == "__main__":
    run(Settings, serve)
