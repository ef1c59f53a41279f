"""What the supervisor must know of one process to run it."""

from msgspec import Struct


class Listener(Struct, frozen=True):
    """A port that a part opens."""

    host: str
    port: int
    setting: str
    """The variable that moves it elsewhere."""


class Part(Struct, frozen=True):
    """One process of the platform."""

    name: str
    command: tuple[str, ...]
    listeners: tuple[Listener, ...]
    ready_host: str
    ready_port: int
    ready_path: str
    where: str
    """The address a person would want."""
    about: str
    """What is to be had there, in a few words."""
    variables: dict[str, str] = {}
    """Environment beyond the supervisor's own."""
    grace_s: float = 5.0
    """How long its orderly end may take."""
