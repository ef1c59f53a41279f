"""How far a caller has read, as text that the caller keeps: nothing is remembered here.

A cursor says the sequence to go on with (one for all subjects), when the stream that keeps the events was created (after a
restart of NATS it is another one), and of each stream whose events follow on one another where the last one ended. So a reader
without any memory here is told what it missed: events that aged out, and holes. After a restart events are published again
from a little before it: what the caller has read already is left out.
"""

import base64
from collections.abc import Sequence

import msgspec
from msgspec import Struct

from shared.contract.errors import Invalid


class Cursor(Struct, frozen=True, omit_defaults=True):
    """How far a caller has read."""

    s: int
    """Next sequence."""
    c: int = 0
    """When the stream of events was created (Unix ms)."""
    t: int = 0
    """When the last event read arrived, before the first when reading began (Unix ms)."""
    n: dict[str, int] = {}
    """Last number of the last event read (`Source.span`), by stream."""
    o: dict[str, int] = {}
    """The same (-1 where there are no numbers) of streams of which nothing new has been read since events are kept anew."""

    def anew(self, created: int, names: Sequence[str]) -> "Cursor":
        """The cursor that reads on in what is kept since then."""
        return Cursor(1, created, self.t, {}, {**dict.fromkeys(names, -1), **self.o, **self.n})

    def last(self, name: str) -> int | None:
        """Number of the last event read of a stream, if it is known."""
        number = self.n.get(name, self.o.get(name, -1))
        return None if number < 0 else number

    def encode(self) -> str:
        """As callers see it."""
        return base64.urlsafe_b64encode(msgspec.json.encode(self)).decode().rstrip("=")


_cursor = msgspec.json.Decoder(Cursor).decode


def decode_cursor(text: str) -> Cursor:
    """What a caller gave back.

    Raises:
        Invalid: it is no cursor.
    """
    try:
        return _cursor(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, msgspec.MsgspecError):
        raise Invalid(f"{text!r:.60} is no cursor.", hint="Give back the cursor of the last reply, or none.") from None
