"""User data events."""

from shared.contract.stream import Event

USER_EVENTS: tuple[Event, ...] = ()
