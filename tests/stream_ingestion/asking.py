"""Questions to stream_ingestion over the bus."""

from typing import TypeVar

import msgspec

from shared.contract import subjects
from shared.contract.operation import Operation
from shared.runtime.bus import Bus
from shared.runtime.clock import now_ms

Reply = TypeVar("Reply")


async def ask(bus: Bus, operation: Operation[Reply], *, caller: str = "tester", within_ms: int = 8000) -> Reply:
    """Its answer. Raises ServiceError."""
    body = await bus.request(
        subjects.rpc(operation.spec, prefix=bus.prefix),
        msgspec.json.encode(operation),
        deadline_ms=now_ms() + within_ms,
        headers={"Caller": caller},
    )
    return msgspec.json.decode(body, type=operation.spec.reply)
