"""nats-py's client with what nats-py 2.16 lacks; were its private methods renamed, the tests beside this would tell.

- `flush` is a barrier. nats-py writes the PING ahead of what waits to be sent: it returns before the server has seen the
  publishes before it, and a subscription that drains loses what arrives between the answer and its own UNSUB.
- An answer to a ping that nobody waits for any more is dropped. nats-py would end its read loop over it and go on calling
  itself connected.
- `close` may be called whenever: nats-py fails where its `connect` gave up before it tried a server, and hides why.
- It remembers why the connection was lost: nats-py tells nobody before it reconnects.
- Headers are read in one pass. nats-py looks at every letter of every name, which takes longer than the rest of a message.
"""

import asyncio
from typing import Any

from nats.aio.client import DEFAULT_FLUSH_TIMEOUT, Client

_BLANKS = " \t\n\r\x0b\x0c"


class MendedClient(Client):
    """The client that our connections use."""

    lost_by: Exception | None = None
    """What ended the connection that was lost last."""

    async def flush(self, timeout: int = DEFAULT_FLUSH_TIMEOUT) -> None:  # noqa: ASYNC109  (nats-py's signature)
        """Return when the server has seen everything sent so far.

        Raises:
            nats.errors.Error, TimeoutError: it has not in time.
        """
        await asyncio.wait_for(self._flush_pending(force_flush=True), timeout)
        await super().flush(timeout)

    async def close(self) -> None:
        """Close for good; a client whose connecting did not get as far as a server has nothing to close."""
        if self._flush_queue is not None:  # pyright: ignore[reportUnknownMemberType]
            await super().close()

    async def _process_op_err(self, e: Exception) -> None:
        if self.is_connected:
            self.lost_by = e
        await super()._process_op_err(e)

    async def _process_pong(self) -> None:
        waiting: list[asyncio.Future[Any]] = self._pongs  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        if waiting and waiting[0].done():
            del waiting[0]
            self._pings_outstanding = 0
        else:
            await super()._process_pong()

    @staticmethod
    def _parse_header_lines(raw: bytes) -> dict[str, str]:
        return named(raw)


def named(raw: bytes) -> dict[str, str]:
    """`Name: value` lines by name; lines without a colon and names with blanks or foreign letters are left out."""
    found: dict[str, str] = {}
    for line in raw.decode("utf-8", "replace").split("\r\n"):
        name, colon, value = line.partition(":")
        name = name.strip(_BLANKS)
        if colon and name.isascii() and (not name or name.split() == [name]):
            found[name] = value.strip(_BLANKS)
    return found
