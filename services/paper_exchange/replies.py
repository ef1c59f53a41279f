"""Reply bodies that are made once and sent many times, as long as what they tell has not changed."""

from collections.abc import Callable, Hashable

MAX_REPLIES = 2_000


class Replies:
    """Bodies by request, each with the version of the state it was made from."""

    def __init__(self) -> None:
        self._known: dict[Hashable, tuple[Hashable, bytes]] = {}

    def get(self, key: Hashable, version: Hashable, make: Callable[[], bytes]) -> bytes:
        """The body of this version."""
        found = self._known.get(key)
        if found is not None and found[0] == version:
            return found[1]
        if len(self._known) >= MAX_REPLIES:
            self._known.clear()
        body = make()
        self._known[key] = (version, body)
        return body
