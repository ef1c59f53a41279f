"""How a process ends: its exit codes, and what keeps it from starting.

| exit code | meaning |
| --- | --- |
| 0 | asked to stop, and drained |
| 1 | could not start or close, or what it lives by failed: the log has the traceback |
| 69 | could not start: the bus, a port or a file is not to be had; one line says which |
| 70 | the bus closed the connection for good |
| 78 | could not start: a setting is wrong; one line says which |
"""

from typing import ClassVar

STOPPED, FAILED, UNAVAILABLE, BUS_CLOSED, BAD_SETTINGS = 0, 1, 69, 70, 78


class CannotStart(Exception):
    """A service cannot start as it is set up; one line that says what is wrong and what to do. Raise it before `yield`."""

    code: ClassVar[int] = BAD_SETTINGS


class NotToBeHad(CannotStart):
    """It cannot start now: something outside the process that it needs is not there, or taken; one line, likewise."""

    code: ClassVar[int] = UNAVAILABLE
