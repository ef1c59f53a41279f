"""Streams that the exchange does not want to send.

It refuses a whole SUBSCRIBE for the sake of one of its streams. Which one is found by halving the message; it is asked for
again after a while, each time later, and on a new connection at once.
"""

from collections.abc import Collection, Iterable

from shared.binance.stream_limits import Backoff
from shared.binance.ws_streams import StreamConnection
from shared.contract.errors import Rejected
from shared.runtime.observe import logger

MOST = 32
"""Messages that may be refused while it is found out which streams are meant: eight seconds' worth."""
AGAIN_S, AGAIN_MOST_S = 10.0, 600.0
_log = logger("stream_ingestion.refusals")


class Refusals:
    """What was refused on the connections of one carrier."""

    def __init__(self) -> None:
        self.words: dict[str, str] = {}
        """The exchange's reason, by stream."""
        self.again_at = 0.0
        """When they may be asked for again, by the event loop's clock."""
        self._backoff = Backoff(AGAIN_S, AGAIN_MOST_S)

    def put_off(self, now: float) -> Collection[str]:
        """What need not be asked for yet."""
        return self.words.keys() if now < self.again_at else ()

    def forget(self, names: Iterable[str]) -> None:
        """These are wanted no more, or flow."""
        for name in names:
            self.words.pop(name, None)

    async def subscribe(self, connection: StreamConnection, names: Collection[str]) -> dict[str, str]:
        """Subscribe; those of the streams that are refused, with the exchange's words.

        Raises:
            Unavailable: the connection is gone, or silent.
        """
        waiting, words, left = [sorted(names)], dict[str, str](), MOST
        while waiting:
            some = waiting.pop()
            try:
                await connection.subscribe(some)
            except Rejected as error:
                left -= 1
                some = [name for name in some if name not in connection.flowing]
                connection.names.difference_update(some)
                if len(some) == 1 or left <= 0:
                    words.update(dict.fromkeys(some, f"{error.message[:1].lower()}{error.message[1:]}"))
                else:
                    waiting += [some[len(some) // 2 :], some[: len(some) // 2]]
            else:
                self.forget(some)
        return words

    def keep(self, words: dict[str, str], now: float) -> None:
        """Remember what was refused, and when to ask again."""
        wait_s = self._backoff.failed()
        self.again_at = now + wait_s
        self.words.update(words)
        reasons = dict(sorted(words.items())[:5])
        _log.error("the exchange refuses streams", count=len(words), reasons=reasons, again_in_s=round(wait_s))

    def worked(self) -> None:
        """Nothing was refused this time."""
        if not self.words:
            self._backoff.worked()
