"""The drill: the platform in processes of its own, and everything that can befall it."""

import asyncio
import json
import random
import signal
import socket
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx

from shared.contract.errors import ServiceError
from shared.contract.operation import Operation
from shared.contract.platform.streams import Book, Subscribe
from shared.runtime.bus import Bus
from shared.runtime.nats_server import NatsServer
from tests.stream_ingestion.accounts import Account
from tests.stream_ingestion.hearing import KEPT, SYMBOLS, Listener, Reader, ask
from tests.support.process import ServiceProcess
from tests.support.waiting import eventually

STREAMS = ("trade", "aggTrade", "depth@100ms", "kline_1s", "bookTicker")
CALM = {"rotate_s": 6}
TORN = CALM | {"gap_every": 400}
FAULTS = TORN | {"drop_every": 10_000, "silence_every": 15_000}
"""By frames: a connection with all the streams has some 2,000 a second."""
MUTE = CALM | {"silence_every": 20}
SESSION_S = 2
REPLICA = {
    "stream_shards": 8,
    "stream_session_s": SESSION_S,
    "stream_silent_s": 1,
    "stream_overlap_s": 1,
    "stream_connects": 300,
}
FLOWS_WITHIN_S = 90.0
EVENTS_MORE = 50
BREATH = 500
"""Trades heard at most between two rounds, once everything has happened."""
SILENT, ASKED_TO_LEAVE = "it fell silent", "the exchange asked for it"


class Exchange:
    """The paper exchange, on a port and with a state file of its own, so that it comes back after its death."""

    def __init__(self, folder: Path, stack: AsyncExitStack, seed: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = int(free.getsockname()[1])
        self.http = httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", timeout=10)
        self.lives = 0
        self._stack = stack
        self._seed = seed
        self._state = str(folder / "paper.sqlite")
        self._process: ServiceProcess | None = None

    async def start(self) -> None:
        self.lives += 1
        process = ServiceProcess(
            "services.paper_exchange",
            paper_port=self.port,
            paper_speed=20,
            paper_state=self._state,
            paper_weight_limit=1_000_000,
            paper_connection_limit=10_000,
            paper_faults=json.dumps({"streams": self._order(FAULTS)}),
        )
        self._process = await self._stack.enter_async_context(process)
        await process.logged("ready", within_s=60)

    async def kill(self) -> None:
        assert self._process is not None
        self._process.process.send_signal(signal.SIGKILL)
        await self._process.ended()

    async def faults(self, order: dict[str, Any]) -> None:
        """Let other faults happen."""
        (await self.http.post("/paper/v1/faults", json={"streams": self._order(order)})).raise_for_status()

    def _order(self, order: dict[str, Any]) -> dict[str, Any]:
        return {"seed": f"{self._seed}/{self.lives}", **order}

    async def depth(self, symbol: str) -> dict[str, Any]:
        return (await self.http.get("/api/v3/depth", params={"symbol": symbol, "limit": 5000})).json()

    @property
    def settings(self) -> dict[str, str]:
        """Where it is, for services."""
        address = f"127.0.0.1:{self.port}"
        return {
            "rest_url": f"http://{address}",
            "ws_api_url": f"ws://{address}/ws-api/v3",
            "stream_url": f"ws://{address}",
        }


class Drill:
    """The platform, and everything that can befall it. Rounds of faults are drawn from a seed."""

    def __init__(self, bus: Bus, nats: NatsServer, folder: Path, stack: AsyncExitStack, seed: str) -> None:
        self.listener = Listener(bus)
        self.readers = [Reader(bus, symbol) for symbol in SYMBOLS]
        self.exchange = Exchange(folder, stack, seed)
        self.done = Counter[str]()
        """Faults by kind."""
        self.books_compared = 0
        self._bus = bus
        self._nats = nats
        self._stack = stack
        self._luck = random.Random(seed)
        self._replicas: list[ServiceProcess] = []
        self._all: list[ServiceProcess] = []
        self._kinds: dict[str, Callable[[], Awaitable[None]]] = {
            "replica killed": lambda: self._end_replica(signal.SIGKILL),
            "replica stopped": lambda: self._end_replica(signal.SIGTERM),
            "replica frozen": self._freeze,
            "nats killed": self._kill_nats,
            "exchange killed": self._kill_exchange,
            "sockets muted": self._mute,
            "sockets rotated": self._rotate,
        }
        self._apart = (
            ("nats killed",),
            ("replica killed", "replica stopped", "replica frozen"),
            ("exchange killed", "sockets muted", "sockets rotated"),
        )
        """Of each of these at most one at a time."""

    async def open(self) -> None:
        """Start everything and let all streams flow."""
        self._stack.push_async_callback(self.exchange.http.aclose)
        await self.exchange.start()
        await self.exchange.faults(CALM)
        settings = self.exchange.settings | {"nats_url": self._nats.url}
        market = ServiceProcess("services.market_data", **settings, market_data_port=0)
        await (await self._stack.enter_async_context(market)).logged("ready", within_s=60)
        await self.listener.open()
        for _ in range(2):
            await self._start_replica()
        streams = [f"{symbol.lower()}@{kind}" for symbol in SYMBOLS for kind in STREAMS]
        for operation in (Subscribe(streams=streams, lease_seconds=3600), *(Book(symbol=symbol) for symbol in SYMBOLS)):
            await eventually(lambda operation=operation: self._is_answered(operation), within_s=FLOWS_WITHIN_S)
        await self.flows()

    async def round(self) -> None:
        """One fault, or some at once, then flowing streams again for a while. What has not happened yet comes first."""
        if self.is_complete:  # NATS is spared every other time, so that some of its lives are long
            wanting = self._luck.choice((self._apart, self._apart[1:]))
        else:
            wanting = tuple(group for group in self._apart if not all(self.done[kind] for kind in group))
        groups = self._luck.sample(wanting, min(len(wanting), self._luck.choice((1, 1, 2, 2, 3))))
        await asyncio.gather(*(self._befall(self._choice(group)) for group in groups))
        await self.flows(self._luck.randrange(BREATH) if self.is_complete else EVENTS_MORE)

    @property
    def is_complete(self) -> bool:
        """Has every kind of fault happened?"""
        return all(self.done[kind] for kind in self._kinds)

    async def flows(self, more: int = EVENTS_MORE) -> None:
        """Return when so many more trades of each symbol have been heard."""
        before = {symbol: self.listener.heard(symbol) for symbol in SYMBOLS}
        await eventually(
            lambda: all(self.listener.heard(symbol) > count + more for symbol, count in before.items()),
            within_s=FLOWS_WITHIN_S,
        )

    async def compare_books(self) -> None:
        """Pause the faults and compare each local book with the exchange's, whole, at an update that both have."""
        await self.exchange.faults(CALM)
        await self.flows()
        for symbol in SYMBOLS:
            await eventually(lambda symbol=symbol: self._is_equal(symbol), within_s=FLOWS_WITHIN_S)
            self.books_compared += 1
        await self.exchange.faults(FAULTS)

    async def settle(self) -> None:
        """End the faults for good; return when what has happened is accounted for."""
        await self.compare_books()
        await self.exchange.faults(CALM)
        await self.flows()
        await eventually(lambda: self.listener.caught_up == self.listener.life, within_s=FLOWS_WITHIN_S)
        counts = {name: account.heard for reader in self.readers for name, account in reader.accounts.items()}
        await eventually(
            lambda: all(reader.accounts[name].heard > counts[name] for reader in self.readers for name in reader.streams),
            within_s=FLOWS_WITHIN_S,
        )

    def faults_found(self) -> list[str]:
        """What does not add up, in any account."""
        return [fault for account in self.accounts for fault in account.faults()]

    @property
    def accounts(self) -> list[Account]:
        return [*self.listener.accounts.values(), *(each for reader in self.readers for each in reader.accounts.values())]

    def counts(self) -> dict[str, Any]:
        """What happened, for people."""
        logs = [json.loads(line) for process in self._all for line in process.lines if line.startswith("{")]
        events = Counter(log.get("event") for log in logs)
        live = self.listener.accounts.values()
        by_kind = {kind: [account for account in live if account.name.endswith(f" {kind}")] for kind in KEPT}
        return {
            **self.done,
            "connections replaced": events["a connection to the exchange's streams was replaced"],
            "of these for their age": self._replaced(ASKED_TO_LEAVE),
            "of these for their silence": self._replaced(SILENT),
            "connections lost": events["a connection to the exchange's streams was lost"],
            "sessions lapsed": events["this replica's session lapsed: its streams may be elsewhere by now"],
            "reasons told": self.listener.told,
            "heard": {kind: sum(account.heard for account in accounts) for kind, accounts in by_kind.items()},
            "filled": {kind: sum(account.filled_count for account in accounts) for kind, accounts in by_kind.items()},
            "again, told": {kind: sum(account.doubled for account in accounts) for kind, accounts in by_kind.items()},
            "missing, told": {kind: sum(account.marked for account in accounts) for kind, accounts in by_kind.items()},
            "read with cursors": sum(a.heard for reader in self.readers for a in reader.accounts.values()),
            "pages read": sum(reader.pages for reader in self.readers),
            "books compared": self.books_compared,
        }

    def write_logs(self, folder: Path) -> None:
        """What the replicas said, for whoever has to find out."""
        for number, process in enumerate(self._all):
            (folder / f"replica-{number}.log").write_text("\n".join(process.lines))

    def _choice(self, group: tuple[str, ...]) -> str:
        return self._luck.choice([kind for kind in group if not self.done[kind]] or group)

    async def _befall(self, kind: str) -> None:
        await self._kinds[kind]()
        self.done[kind] += 1

    async def _start_replica(self) -> None:
        settings = self.exchange.settings | {"nats_url": self._nats.url, "stream_ingestion_port": 0}
        process = await self._stack.enter_async_context(ServiceProcess("services.stream_ingestion", **settings, **REPLICA))
        self._replicas.append(process)
        self._all.append(process)
        await process.logged("ready", within_s=FLOWS_WITHIN_S)

    async def _end_replica(self, how: signal.Signals) -> None:
        leaving = self._replicas.pop(self._luck.randrange(len(self._replicas)))
        leaving.process.send_signal(how)
        await self._start_replica()
        await leaving.ended(within_s=60)

    async def _freeze(self) -> None:
        frozen = self._luck.choice(self._replicas)
        frozen.process.send_signal(signal.SIGSTOP)
        await asyncio.sleep(SESSION_S * self._luck.uniform(1.1, 2))
        await self.flows()
        frozen.process.send_signal(signal.SIGCONT)

    async def _kill_nats(self) -> None:
        await eventually(lambda: self.listener.caught_up == self.listener.life, within_s=FLOWS_WITHIN_S)
        life = self.listener.life
        await asyncio.to_thread(self._nats.kill)
        await asyncio.sleep(self._luck.uniform(0, 2))
        await asyncio.to_thread(self._nats.start)
        await eventually(lambda: self.listener.caught_up > life, within_s=FLOWS_WITHIN_S)

    async def _kill_exchange(self) -> None:
        await self.exchange.kill()
        await asyncio.sleep(self._luck.uniform(0, 2))
        await self.exchange.start()

    async def _mute(self) -> None:
        before = self._replaced(SILENT)
        await self.exchange.faults(MUTE)
        await eventually(lambda: self._replaced(SILENT) > before, within_s=FLOWS_WITHIN_S)
        await self.exchange.faults(FAULTS)

    async def _rotate(self) -> None:
        before = self._replaced(ASKED_TO_LEAVE)
        await self.exchange.faults(TORN)  # others could break each connection before it is asked to leave
        await eventually(lambda: self._replaced(ASKED_TO_LEAVE) > before, within_s=FLOWS_WITHIN_S)
        await self.exchange.faults(FAULTS)

    def _replaced(self, reason: str) -> int:
        return sum(f'"{reason}"' in line for process in self._all for line in process.lines)

    async def _is_answered(self, operation: Operation[Any]) -> bool:
        try:
            await ask(self._bus, operation)
        except ServiceError:
            return False
        return True

    async def _is_equal(self, symbol: str) -> bool:
        try:
            book = await ask(self._bus, Book(symbol=symbol, limit=5000))
        except ServiceError:
            return False
        theirs = await self.exchange.depth(symbol)
        if theirs["lastUpdateId"] != book.last_update_id:
            return False
        assert book.bids == theirs["bids"]
        assert book.asks == theirs["asks"]
        return True
