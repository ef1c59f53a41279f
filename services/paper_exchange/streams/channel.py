"""A channel: one stream name and its audience.

Readers differ in two ways: in the unit of times (milliseconds or microseconds) and in the envelope (raw or combined). Each of
the four forms of a message is made at most once, and only when somebody wants it.
"""

from collections.abc import Callable
from typing import Protocol

from msgspec import json

from services.paper_exchange.streams.frames import text_frame
from services.paper_exchange.time_units import Unit

Payload = Callable[[Unit], str]
"""A message that is yet to be told in a unit of time."""


class Reader(Protocol):
    """Who listens."""

    def push(self, frame: bytes) -> None:
        """Take a frame. Neither waits, nor raises, nor changes any audience."""
        ...


class Form:
    """Readers of one form."""

    __slots__ = ("combined", "readers", "unit")

    def __init__(self, unit: Unit, *, combined: bool) -> None:
        self.unit = unit
        self.combined = combined
        self.readers: dict[Reader, None] = {}


class Channel:
    """One stream name and its audience."""

    __slots__ = ("_forms", "_head", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self._head = b'{"stream":%s,"data":' % json.encode(name)
        self._forms: list[Form] = []

    def __bool__(self) -> bool:
        """Does anybody listen?"""
        return bool(self._forms)

    def add(self, reader: Reader, unit: Unit, *, combined: bool) -> None:
        """Tell this reader too, in this form."""
        for form in self._forms:
            if form.unit is unit and form.combined is combined:
                break
        else:
            form = Form(unit, combined=combined)
            self._forms.append(form)
        form.readers[reader] = None

    def remove(self, reader: Reader) -> None:
        """Tell this reader no more."""
        for form in self._forms:
            form.readers.pop(reader, None)
        self._forms = [form for form in self._forms if form.readers]

    def send(self, payload: Payload) -> None:
        """Tell everyone."""
        told: dict[Unit, bytes] = {}
        for form in self._forms:
            body = told.get(form.unit)
            if body is None:
                body = told[form.unit] = payload(form.unit).encode()
            self._push(form, body)

    def send_bytes(self, body: bytes, envelope: bytes | None = None) -> None:
        """Tell everyone the same bytes, whatever the unit; `envelope` is what combined connections get instead."""
        for form in self._forms:
            if form.combined and envelope is not None:
                self._push_frame(form, text_frame(envelope))
            else:
                self._push(form, body)

    def _push(self, form: Form, body: bytes) -> None:
        self._push_frame(form, text_frame(self._head + body + b"}" if form.combined else body))

    def _push_frame(self, form: Form, frame: bytes) -> None:
        for reader in form.readers:
            reader.push(frame)
