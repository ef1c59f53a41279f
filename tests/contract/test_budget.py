"""The form in which processes tell each other of the budget: replicas of two releases must understand each other."""

import msgspec
import pytest

from shared.contract.platform.budget import BudgetNews, Spent, read

NEWS = BudgetNews("paper", 1_764_000_060_000, (Spent("REQUEST_WEIGHT", 60_000, "", 1_764_000_000_000, 40, 6000),))
TOLD = b'{"scope":"paper","silent_until_ms":1764000060000,"spent":[["REQUEST_WEIGHT",60000,"",1764000000000,40,6000]]}'


def test_news_has_its_form_and_is_read_again() -> None:
    assert msgspec.json.encode(NEWS) == TOLD
    assert read(TOLD) == NEWS


@pytest.mark.parametrize("news", [b"", b"{}", b"[]", TOLD.replace(b",6000", b""), b"\xff"])
def test_what_cannot_be_read_is_no_news(news: bytes) -> None:
    assert read(news) is None
