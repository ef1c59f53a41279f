"""A replica that cannot do its work leaves it to those that can.

A queue group gives a request to any of its members, and one that fails at once is free for the next one sooner than one that
works. So a service that knows how to tell looks, again and again, whether it is able. If it is not, it asks the replicas
beside it (`$SRV.PING.<service>`, which only the living answer); while one of them is able it stays out of the queue group:

    able ────────────────────────────────▶ in the group
    not able, another one is ────────────▶ out of it
    not able, nobody is, or it is alone ─▶ in the group: somebody has to say what is wrong

What had arrived before it left is still answered.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import msgspec
from msgspec import Struct
from nats.aio.msg import Msg
from nats.errors import Error

from shared.contract.errors import ServiceError
from shared.runtime.bus import Bus, BusUnavailable
from shared.runtime.listed import of_a_replica
from shared.runtime.observe import logger
from shared.runtime.responder import Responder

LOOK_EVERY_S = 1.0
ANSWER_WITHIN_S = 0.5
"""For the replicas beside us; the first that is able ends the wait."""
_log = logger("runtime.standby")


class _Told(Struct, frozen=True):
    """What a replica answers to a ping."""

    id: str
    metadata: dict[str, str] = {}


_told = msgspec.json.Decoder(_Told)


class Standby:
    """Looks after one responder."""

    def __init__(self, bus: Bus, responder: Responder, problem: Callable[[], Awaitable[str]]) -> None:
        """`problem` says why this replica is not able, empty when it is; it is asked every `LOOK_EVERY_S`."""
        self._bus = bus
        self._responder = responder
        self._problem = problem

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            try:
                await self._look()
            except (BusUnavailable, ServiceError, Error, OSError) as error:
                _log.debug("could not look beside", reason=str(error))  # the bus is away; nobody asks us anything then
            except Exception:
                _log.exception("could not look whether this replica is able")  # it may be aside: it must look again
            await asyncio.sleep(LOOK_EVERY_S)

    async def _look(self) -> None:
        problem = await self._problem()
        responder = self._responder
        responder.tell(able=not problem)
        if problem and await self._another_is_able():
            if responder.is_in_group:
                _log.warning("not able; other replicas take the requests", reason=problem)
                await responder.step_aside()
        elif not responder.is_in_group:
            _log.info("taking requests again", reason=problem or "able again")
            await responder.step_in()

    async def _another_is_able(self) -> bool:
        found, wanted = asyncio.Event(), of_a_replica(self._bus.prefix, able=True)

        async def hear(message: Msg) -> None:
            with contextlib.suppress(msgspec.MsgspecError):
                told = _told.decode(message.data)
                if told.id != self._responder.id and told.metadata == wanted:
                    found.set()

        inbox = self._bus.data.new_inbox()
        subscription = await self._bus.subscribe(inbox, hear)
        try:
            await self._bus.data.publish(f"$SRV.PING.{self._responder.name}", b"", reply=inbox)
            async with asyncio.timeout(ANSWER_WITHIN_S):
                await found.wait()
        except TimeoutError:
            return False
        finally:
            with contextlib.suppress(Error):  # which would stand in for being cancelled
                await subscription.unsubscribe()
        return True
