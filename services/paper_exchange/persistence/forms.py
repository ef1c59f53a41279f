"""What the rows hold that the engine does not hold as one thing, and how they are encoded."""

from msgspec import Struct, json

from services.paper_exchange.engine.accounts import Balance
from services.paper_exchange.engine.commands import OpenAccount
from services.paper_exchange.engine.market import NextIds


class AccountRow(Struct, frozen=True):
    """An account without its orders."""

    settings: OpenAccount
    balances: dict[str, Balance]
    external: dict[str, int]
    updated_us: int
    counts: list[int]
    counts_end_us: list[int]


class SymbolRow(Struct, frozen=True):
    """Where the numbers of a symbol stand."""

    update_id: int
    last_price: int
    next_ids: NextIds


class CounterRow(Struct, frozen=True):
    """Where the numbers of the exchange stand."""

    now_us: int
    next_list_id: int
    next_client_id: int


encode = json.Encoder().encode
