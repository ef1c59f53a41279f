"""Market streams."""

from shared.contract.stream import Stream

STREAMS: tuple[Stream, ...] = ()
