"""Reply bodies that are made once and sent many times, as long as what they tell has not changed."""

from collections.abc import Callable, Hashable

MAX_REPLIES, MAX_BYTES = 2_000, 32 * 1024 * 1024
"""A reply may be 300 kB: who pages through the past would fill half a gigabyte with bodies that nobody asks for again."""


class Replies:
    """Bodies by request, each with the version of the state it was made from."""

    def __init__(self) -> None:
        self._known: dict[Hashable, tuple[Hashable, bytes]] = {}
        self.size = 0
        """Bytes of all bodies."""

    def get(self, key: Hashable, version: Hashable, make: Callable[[], bytes]) -> bytes:
        """The body of this version."""
        found = self._known.get(key)
        if found is not None and found[0] == version:
            return found[1]
        body = make()
        self.size += len(body) - (len(found[1]) if found is not None else 0)
        if self.size > MAX_BYTES or (found is None and len(self._known) >= MAX_REPLIES):
            self._known.clear()
            self.size = len(body)
        self._known[key] = (version, body)
        return body
