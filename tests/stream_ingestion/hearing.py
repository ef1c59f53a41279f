"""Who hears in the drill: a listener on the bus, live, and a reader with a cursor. Both keep account of every number."""

import asyncio
import contextlib
import json
from collections import Counter
from typing import Any

import msgspec
from msgspec import UNSET
from nats.errors import Error
from nats.js.errors import NotFoundError

from shared.contract import subjects
from shared.contract.errors import ServiceError
from shared.contract.operation import Operation
from shared.contract.platform.streams import Read
from shared.runtime.bus import Bus, BusUnavailable
from shared.runtime.clock import now_ms
from tests.stream_ingestion.accounts import CANDLE_MS, CANDLES, KINDS, Account, Span, span_of

SYMBOLS = ("BTCUSDT", "ETHUSDT", "BNBUSDT")
KEPT = (*KINDS, CANDLES)
"""Kinds of streams of which account is kept, as their subjects end."""
READ = ("trade", "aggTrade")
READ_EVERY_S = 0.3
AGAIN_S = 0.1


async def ask(bus: Bus, operation: Operation[Any], *, within_ms: int = 8000) -> Any:
    """Ask stream_ingestion."""
    body = await bus.request(
        subjects.rpc(operation.spec),
        msgspec.json.encode(operation),
        deadline_ms=now_ms() + within_ms,
        headers={"Caller": "drill"},
    )
    return msgspec.json.decode(body, type=operation.spec.reply)


class Listener:
    """Hears everything live, as programs do. Having lost NATS it reads first what the new server kept before it was back."""

    def __init__(self, bus: Bus) -> None:
        self.accounts = {f"binance.md.{symbol}.{kind}": Account(f"{symbol} {kind}") for symbol in SYMBOLS for kind in KEPT}
        self.told = Counter[str]()
        """Messages about conditions, by reason."""
        self.caught_up = 0
        """The life of NATS that is known from its beginning."""
        self._bus = bus
        self._catching_up: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        await self._bus.subscribe("binance.md.>", self._on_event)
        await self._bus.subscribe("binance.health.md.>", self._on_told)
        await self._bus.settle()
        self._bus.on_regained(self._on_regained)

    @property
    def life(self) -> int:
        """Which life of NATS it is, the first one being 0."""
        return int(self._bus.data.stats["reconnects"])

    def heard(self, symbol: str) -> int:
        """How many trades were heard."""
        return self.accounts[f"binance.md.{symbol}.trade"].heard

    async def _on_event(self, message: Any) -> None:
        if (account := self.accounts.get(message.subject)) and (span := _span(message)):
            account.hear(self.life, span)

    async def _on_told(self, message: Any) -> None:
        told = json.loads(message.data)
        self.told[told.get("reason", "")] += 1
        subject = message.subject.replace(".health.md.", ".md.").removesuffix(".again")
        account = self.accounts.get(subject)
        if account is None or not (hole := told.get("missing")):
            return
        span = hole["first"], hole["last"]
        if subject.endswith(CANDLES):
            span = span[0] // CANDLE_MS, span[1] // CANDLE_MS
        if not told.get("filled"):
            account.missing.append(span)
        elif message.subject.endswith(".again"):
            account.again.append(span)
        else:
            account.filled.append(span)

    async def _on_regained(self) -> None:
        task = asyncio.create_task(self._catch_up(self.life))
        self._catching_up.add(task)
        task.add_done_callback(self._catching_up.discard)

    async def _catch_up(self, life: int) -> None:
        while life == self.life:
            with contextlib.suppress(Error, BusUnavailable, TimeoutError, OSError):
                await self._bus.settle()
                kept = {subject: list[Span]() for subject in self.accounts}
                for message in await self._kept("binance_md_events", "binance.md.>"):
                    if (found := kept.get(message.subject)) is not None and (span := _span(message)):
                        found.append(span)
                for message in await self._kept("binance_md_conditions", "binance.health.md.>"):
                    await self._on_told(message)
                if life == self.life:
                    for subject, spans in kept.items():
                        self.accounts[subject].keep(life, spans)
                    self.caught_up = life
                return
            await asyncio.sleep(AGAIN_S)

    async def _kept(self, stream: str, subject: str) -> list[Any]:
        js: Any = self._bus.jetstream
        try:
            until = (await js.stream_info(stream)).state.last_seq
        except NotFoundError:
            return []  # not even a replica is back
        messages, reached = list[Any](), 0
        subscription = await js.subscribe(subject, stream=stream, ordered_consumer=True)
        while reached < until:
            messages.append(await subscription.next_msg(timeout=5))
            reached = messages[-1].metadata.sequence.stream
        await subscription.unsubscribe()
        return messages


def _span(message: Any) -> Span | None:
    return span_of(message.subject.split(".", 3)[3], message.data)


class Reader:
    """Reads the trades of a symbol with a cursor, as an agent does, whatever happens."""

    def __init__(self, bus: Bus, symbol: str) -> None:
        self.streams = [f"{symbol.lower()}@{kind}" for kind in READ]
        self.accounts = {name: Account(f"cursor on {name}") for name in self.streams}
        self.aged_out = 0
        self.pages = 0
        self._bus = bus
        self._cursor = ""

    async def run(self) -> None:
        """Read until cancelled."""
        while True:
            if not await self.page():
                await asyncio.sleep(READ_EVERY_S)

    async def page(self) -> bool:
        """Read a page; is there more?"""
        asked = Read(streams=self.streams, limit=1000, wait_ms=200, cursor=self._cursor or UNSET)
        try:
            page = await ask(self._bus, asked, within_ms=3000)
        except ServiceError:
            return False
        self._cursor = page.cursor
        self.pages += 1
        for name, holes in dict(page.missing or {}).items():
            self.accounts[name].missing += [(hole.first, hole.last) for hole in holes]
        self.aged_out += sum(told.missed or 0 for told in dict(page.aged_out or {}).values())
        for event in page.events:
            if span := span_of(event.stream.partition("@")[2], bytes(event.event)):
                self.accounts[event.stream].hear(0, span)
        return page.more
