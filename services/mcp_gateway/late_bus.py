"""A bus that may come late, go, and come again: over stdio a client wants the list of tools at once, bus or no bus.

    seeking ──reachable──▶ up ──lost for good──▶ seeking
       │ not reachable
       ├── without platform ─▶ missing (calls fail at once and say what to do) ──▶ looked for again every second
       └── with platform ────▶ starting (calls wait, bounded) ──▶ up, or missing when it ended

`run` is that loop; calls only wait for its verdict.
"""

import asyncio
import contextlib
from collections.abc import Mapping
from urllib.parse import urlsplit

from msgspec.structs import replace

from services.mcp_gateway.local_platform import LocalPlatform
from shared.contract.errors import Unavailable
from shared.runtime.bus import Bus, BusUnavailable
from shared.runtime.clock import now_ms
from shared.runtime.link import Address
from shared.runtime.metrics import Metrics
from shared.runtime.observe import logger

NATS_PORT = 4222
PROBE_S = 1.0
"""Time for a TCP connection to the bus, and the pause between two looks."""
PAUSE_MOST_S = 30.0
"""Longest pause after failures in a row."""
CONNECT_S = 10.0
LOST_S = 5.0
"""With a platform of our own: a bus that is away for so long is not waited for but started anew."""
log = logger("mcp_gateway.late_bus")


class LateBus:
    """Asks over the bus when there is one; see `Bus.request` for what is asked."""

    def __init__(
        self, address: Address, metrics: Metrics, prefix: str, *, wait_s: float, platform: LocalPlatform | None = None
    ) -> None:
        self._address = address
        self._metrics = metrics
        self._prefix = prefix
        self._wait_s = wait_s
        self._platform = platform
        self._bus: Bus | None = None
        self._missing: Unavailable | None = None
        self._decided = asyncio.Event()
        """Set while the bus is up or known to be missing."""

    async def bus(self) -> Bus:
        """The bus, waited for while it is being looked for or started.

        Raises:
            Unavailable: there is none, and what to do about it.
        """
        try:
            async with asyncio.timeout(self._wait_s):
                await self._decided.wait()
        except TimeoutError:
            raise Unavailable(
                f"The platform is still starting after {self._wait_s:g} s.", retry_after_ms=5000, hint="Try again shortly."
            ) from None
        if self._bus is None:
            raise self._missing or Unavailable("The bus went away.", retry_after_ms=1000, hint="Try again shortly.")
        return self._bus

    async def request(
        self,
        subject: str,
        payload: bytes,
        *,
        deadline_ms: int,
        headers: Mapping[str, str] | None = None,
        command: bool = False,
    ) -> bytes:
        """As `Bus.request`; the time spent waiting for the bus is not counted against the deadline."""
        waits_since = now_ms()
        bus = await self.bus()
        deadline_ms += now_ms() - waits_since
        return await bus.request(subject, payload, deadline_ms=deadline_ms, headers=headers, command=command)

    async def run(self) -> None:
        """Look for the bus, again and again; runs until it is cancelled."""
        pause_s = PROBE_S
        while True:
            try:
                bus = await self._find()
            except BusUnavailable as error:
                log.warning("no bus", reason=str(error))
                self._decide(missing=_missing(str(error), "Look at this server's log (stderr)."))
                await asyncio.sleep(pause_s)
                pause_s = min(PAUSE_MOST_S, pause_s * 2)
                continue
            if bus is None:
                self._decide(missing=_missing(f"The platform does not run: no bus answers at {self._address}.", _TO_DO))
                await asyncio.sleep(PROBE_S)
                continue
            pause_s = PROBE_S
            self._decide(bus=bus)
            try:
                await self._lost(bus)
            finally:
                self._bus = None
                self._decided.clear()
                await bus.close()

    async def _find(self) -> Bus | None:
        """The bus that is there, or that of the platform started here; None where there is none."""
        address = self._address
        if not await self._reachable():
            if self._platform is None:
                return None
            if self._missing is None:
                self._decided.clear()
            address = replace(address, urls=(await self._platform.start(),))
        return await Bus.connect(address, wait_s=CONNECT_S, metrics=self._metrics, prefix=self._prefix)

    async def _lost(self, bus: Bus) -> None:
        """Return when this bus will not come back, or is not worth waiting for."""
        away_s = 0.0
        while away_s < LOST_S:
            closed, _ = await asyncio.wait({bus.closed}, timeout=PROBE_S)
            if closed or (self._platform and self._platform.has_ended):
                break
            away_s = away_s + PROBE_S if self._platform and not bus.commands.is_connected else 0.0
        log.warning("bus lost")
        if self._platform:
            await self._platform.stop()

    async def _reachable(self) -> bool:
        return any([await _accepts(url) for url in self._address.urls])

    def _decide(self, *, bus: Bus | None = None, missing: Unavailable | None = None) -> None:
        self._bus, self._missing = bus, missing
        self._decided.set()


_TO_DO = "Start it with `make run`, or add --with-platform to this server's arguments, or set BINANCE_NATS_URL."


def _missing(what: str, hint: str) -> Unavailable:
    return Unavailable(what, retry_after_ms=int(PROBE_S * 1000), hint=f"Nothing was executed. {hint}")


async def _accepts(url: str) -> bool:
    parts = urlsplit(url if "://" in url else f"nats://{url}")
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(PROBE_S):
            _, writer = await asyncio.open_connection(parts.hostname, parts.port or NATS_PORT)
        writer.close()
        return True
    return False
