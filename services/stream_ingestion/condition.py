"""How far a stream can be trusted, and the telling of it on `<prefix>.health.md.<the rest of the stream's subject>`.

    synced ──nothing came for too long──▶ stale ──an event──▶ synced
       ├────its connection is in trouble─▶ stale ──an event──▶ synced
       ├────what came was old───────────▶ stale ──one that is not──▶ synced
       └────a hole that was not filled──▶ gap ──GAP_SHOWN_S without another──▶ synced or stale

A condition is told when it changes. A hole that was filled is told too, with the state as it is. Events that may have come
twice are told on the same subject with `.again` behind it, by a replica that finds its session lapsed: it was frozen or cut
off, others went on with its streams, and what it sent last may have gone out late.
"""

from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

from services.stream_ingestion import lateness, silence
from services.stream_ingestion.channel import Channel, Hole
from shared.contract.platform.streams import Missing, State
from shared.runtime.clock import monotonic, now_ms

NOBODY = "nobody receives it: subscribe to it"
STOPPED = "nobody receives it at the moment: its replica has stopped"
GAP_SHOWN_S = 30.0
"""A hole is shown as the state of the stream for so long; readers find it in the numbers ever after."""
PERIODS_MISSED = 20
"""A stream with a period is not stale before so many of them have passed."""


class Told(Struct, frozen=True, rename="camel", omit_defaults=True):
    """A message about a stream's condition."""

    stream: str
    state: State
    time: int
    """When it was told (Unix ms)."""
    reason: str = ""
    missing: Missing | UnsetType = UNSET
    filled: bool | UnsetType = UNSET
    """Was what is missing fetched and published after all?"""
    replica: str = ""
    delay_ms: int | UnsetType = UNSET
    """How late the last event was when it arrived: our clock less the exchange's."""


class Condition:
    """The state of one channel."""

    def __init__(self, channel: Channel, stale_s: float, late_s: float = 0.0) -> None:
        """`late_s`: an event that is older on arrival makes the stream stale; 0 for none."""
        self.channel = channel
        self._late_ms = late_s * 1000
        self.stale_after_s = max(stale_s, PERIODS_MISSED * channel.stream.speed_ms / 1000)
        self.state: State = "stale"
        self.reason = "no event has come yet"
        self.hole: Hole | None = None
        self._gap_until = 0.0
        self._gap = ""
        self._is_doubted = False
        self._ask_after_s = silence.bound_s(channel.stream)
        self._stuck = f"nothing has come for {self._ask_after_s:g} s though its market moves"
        self._moves = silence.moves(channel.stream)
        self._first_move = 0.0
        """When its market moved first since the last event, as far as has been seen."""
        self._asked_at = 0.0

    def mark(self, hole: Hole | None, reason: str, now: float) -> None:
        """Events are missing."""
        self.hole, self._gap, self._gap_until = hole, reason, now + GAP_SHOWN_S

    def end(self, reason: str) -> None:
        """Nobody looks after it here any more."""
        self.state, self.reason, self.hole = "stale", reason, None

    def asks(self, now: float) -> bool:
        """Has it brought nothing for longer than its period allows? Once in each such time."""
        is_silent = bool(self.channel.received) and now - max(self.channel.received, self._asked_at) > self._ask_after_s
        self._asked_at = now if is_silent else self._asked_at
        return is_silent

    def doubts(self, now: float) -> bool:
        """Is it to be doubted that it comes as it should? Once, until it has been well again."""
        was, received = self._is_doubted, self.channel.received
        self._is_doubted = bool(received) and (
            now - received > self.stale_after_s or self.reason in (lateness.REASON, self._stuck)
        )
        return self._is_doubted and not was

    def judge(self, now: float, trouble: str = "", moved_at: float = 0.0) -> bool:
        """Look at the clock; has the state changed, or its reason?

        Args:
            now: The monotonic clock.
            trouble: What its connection has to tell.
            moved_at: When its market moved last, as far as is known.
        """
        before = self.state, self.reason
        if trouble:
            self.state, self.reason = "stale", trouble
        elif now < self._gap_until:
            self.state, self.reason = "gap", self._gap
        elif not self.channel.received:
            self.state, self.reason = "stale", "no event has come yet"
        elif now - self.channel.received > self.stale_after_s:
            self.state, self.reason = "stale", f"nothing has come for {self.stale_after_s:g} s"
        elif self._is_stuck(now, moved_at):
            self.state, self.reason = "stale", self._stuck
        elif self._late_ms and (delay_ms := self._delay_ms(now)) is not None and delay_ms > self._late_ms:
            self.state, self.reason = "stale", lateness.REASON
        else:
            self.state, self.reason, self.hole = "synced", "", None
        return (self.state, self.reason) != before

    def _is_stuck(self, now: float, moved_at: float) -> bool:
        """Has its market moved since the last event, so long ago that it should have said so?"""
        if not self._moves or moved_at <= self.channel.received:
            return False
        if self._first_move <= self.channel.received:
            self._first_move = moved_at
        return now - self._first_move > self._ask_after_s

    def told(self, time_ms: int, replica: str) -> bytes:
        """The message."""
        missing = UNSET if self.hole is None else Missing(self.hole.first, self.hole.last)
        delay = self._delay_ms(monotonic())
        told = Told(
            self.channel.name,
            self.state,
            time_ms,
            self.reason,
            missing=missing,
            replica=replica,
            delay_ms=UNSET if delay is None else delay,
        )
        return msgspec.json.encode(told)

    def _delay_ms(self, now: float) -> int | None:
        channel = self.channel
        return lateness.delay_ms(channel.tail, now_ms() - round((now - channel.received) * 1000)) if channel.received else None


def filled(channel: Channel, hole: Hole, state: State, time_ms: int, replica: str) -> bytes:
    """The message about a hole that was filled."""
    missing = Missing(hole.first, hole.last)
    return msgspec.json.encode(
        Told(channel.name, state, time_ms, "filled over REST", missing=missing, filled=True, replica=replica)
    )


def again(stream: str, span: Hole, time_ms: int, replica: str) -> bytes:
    """The message about events that may have come twice."""
    missing = Missing(span.first, span.last)
    reason = "may have come twice: its replica was out of touch"
    return msgspec.json.encode(Told(stream, "stale", time_ms, reason, missing=missing, filled=True, replica=replica))


def subject(md_subject: str, prefix: str) -> str:
    """Where the condition of a stream is told."""
    return f"{prefix}.health.md.{md_subject.removeprefix(f'{prefix}.md.')}"


decode_told: Any = msgspec.json.Decoder(Told).decode
