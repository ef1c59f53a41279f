"""What an asset is worth at any moment, past and future: a path that exists as a rule instead of as data.

The path is divided like a ruler: a span of time with its open, high, low and close splits in two, deterministically by the
seed, so that the two halves together are the whole: they meet at one price, its extremes are theirs, and so is its mean. So the
prices of any span, of a second as of a decade, agree with every other, and cost a few divisions. Wide spans keep inside the
range of their asset, which makes prices wander without running away; days and shorter ones diffuse. What a span is like leans
on what the span around it is like, which lets calm and wild times last.

Only `+ - * /` and square roots are used: the same seed gives the same path on every machine.
"""

from hashlib import blake2b
from math import sqrt
from struct import Struct as Packer
from typing import NamedTuple

from msgspec import Struct

DAY_S = 86400
START_S = -946_771_200
"""1940-01-01: the exchange offers a thousand candles of every width, and a thousand months are 83 years."""
SPAN_S = DAY_S << 16
"""The whole path: 179 years."""

_FIRST_PART = {43200: 14400, 900: 300, 300: 120, 180: 60, 15: 5, 5: 2, 3: 1}
"""Lengths that do not halve: with these, every minute, hour and day of the calendar is a span of its own."""
_LEAN = 0.1
"""How far, of its usual range, a part's mean leans to the extreme it holds."""
_MARGIN = 0.1
"""So much of a span's range lies above and below its mean, or else no path could have that mean."""
_MAX_MEMORY = 60_000
_KEY = Packer("<qq")
_RANDOM = Packer("<18H")
_UNIT = 1 / 65536


def first_part(length_s: int) -> int:
    """Seconds of the first of the two parts into which a span of `length_s` divides."""
    return _FIRST_PART.get(length_s) or length_s // 2


class Span(NamedTuple):
    """Prices of a stretch of time."""

    open: float
    high: float
    low: float
    close: float
    mean: float
    """Weighted with the activity in it."""


class Parts(NamedTuple):
    """A span in two."""

    first: Span
    second: Span
    active: float
    """The first one's share of the activity."""


class Asset(Struct, frozen=True):
    """Something that has a price, and how that behaves."""

    name: str
    price: float
    """Around this, all its life."""
    width: float = 0.6
    """How far it strays in all time, as a share of that price."""
    daily: float = 0.03
    """From low to high on an ordinary day, as a share of that price."""


class Path:
    """The price of an asset over time."""

    def __init__(self, seed: str, asset: Asset) -> None:
        self.asset = asset
        self.key = blake2b(f"{seed}/{asset.name}".encode(), digest_size=32).digest()
        self._known: dict[tuple[int, int], Parts] = {}
        price, width = asset.price, asset.width
        self.whole = Span(price, price * (1 + width), price * (1 - width), price, price)
        self._latest = START_S - 1, self.whole
        self._usual = {DAY_S: price * asset.daily}
        wider = sqrt(sqrt(sqrt(sqrt(2 * width / asset.daily))))
        length = DAY_S
        while length < SPAN_S:
            self._usual[2 * length] = self._usual[length] * wider
            length *= 2

    def split(self, start_s: int, length_s: int, span: Span) -> Parts:
        """The two parts of a span that begins at `start_s`."""
        key = (start_s, length_s)
        parts = self._known.get(key)
        if parts is None:
            if len(self._known) >= _MAX_MEMORY:
                self._known.clear()
            parts = self._known[key] = self._divide(start_s, length_s, span)
        return parts

    def at(self, time_us: int) -> float:
        """The price at a moment (straight lines between the spans of a second)."""
        second, micros = divmod(time_us, 1_000_000)
        span = self.second(second)
        return span.open + (span.close - span.open) * micros / 1e6

    def second(self, second_s: int) -> Span:
        """The span of one second."""
        if self._latest[0] != second_s:
            self._latest = second_s, self._find(second_s)
        return self._latest[1]

    def _find(self, second_s: int) -> Span:
        start, length, span = START_S, SPAN_S, self.whole
        while length > 1:
            first = first_part(length)
            parts = self.split(start, length, span)
            if second_s < start + first:
                length, span = first, parts.first
            else:
                start, length, span = start + first, length - first, parts.second
        return span

    def _divide(self, start_s: int, length_s: int, span: Span) -> Parts:
        opened, high, low, closed, mean = span
        reach = high - low
        luck = [
            value * _UNIT
            for value in _RANDOM.unpack(blake2b(_KEY.pack(start_s, length_s), digest_size=36, key=self.key).digest())
        ]
        usual = self._usual.get(length_s) or self._usual.setdefault(length_s, self._usual[DAY_S] * sqrt(length_s / DAY_S))
        scale = sqrt(usual * reach)
        share = first_part(length_s) / length_s
        # Activity comes in bursts, short ones too.
        active = share * (1 + (luck[0] + luck[1] - 1) * 0.4)

        # Where the path is in between: a Brownian bridge of which the mean is known as well as the ends.
        spread = share * (1 - share)
        normal = (luck[2] + luck[3] + luck[4] + luck[5] - 2) * 1.7
        middle = opened + share * (closed - opened) + 6 * spread * (mean - (opened + closed) / 2)
        middle += 0.6 * scale * sqrt(spread * (1 - 3 * spread)) * normal
        # An extreme beyond both ends is reached somewhere between them: so the path turns there and the mean leans there, step
        # by step, instead of leaving it to one lonely trade.
        above, below = high - max(opened, closed), min(opened, closed) - low
        if above > max(below, 0.25 * reach):
            middle = max(middle, high - above * luck[6])
        elif below > 0.25 * reach:
            middle = min(middle, low + below * luck[6])
        middle = min(max(middle, low), high)
        first_high, second_high = max(opened, middle), max(middle, closed)
        first_low, second_low = min(opened, middle), min(middle, closed)
        high_first = first_high > second_high or (first_high == second_high and luck[7] < share)
        low_first = first_low < second_low or (first_low == second_low and luck[8] < share)

        # The means of both parts, which together are the mean of the whole.
        least, most = min(low + _MARGIN * reach, mean), max(high - _MARGIN * reach, mean)
        first_mean, second_mean = (opened + middle) / 2, (middle + closed) / 2
        gap = (high - max(first_high, second_high)) * (1 if high_first else -1)
        gap -= (min(first_low, second_low) - low) * (1 if low_first else -1)
        lean = min(max(0.3 * gap, -_LEAN * scale), _LEAN * scale)
        rest = mean - active * first_mean - (1 - active) * second_mean
        first_mean += rest + (1 - active) * (lean + (luck[9] + luck[10] - 1) * 0.5 * scale)
        first_mean = min(max(first_mean, least), most)
        second_mean = min(max((mean - active * first_mean) / (1 - active), least), most)
        first_mean = (mean - (1 - active) * second_mean) / active

        # Their extremes: one part has the whole's high, one its low.
        near, far = 0.7 * scale * sqrt(share), 0.7 * scale * sqrt(1 - share)
        first_high = high if high_first else min(high, max(first_high, first_mean) + near * luck[11] * luck[12])
        second_high = min(high, max(second_high, second_mean) + far * luck[11] * luck[13]) if high_first else high
        first_low = low if low_first else max(low, min(first_low, first_mean) - near * luck[14] * luck[15])
        second_low = max(low, min(second_low, second_mean) - far * luck[14] * luck[16]) if low_first else low
        first_high, first_low = _around(first_mean, first_high, first_low)
        second_high, second_low = _around(second_mean, second_high, second_low)
        return Parts(
            Span(opened, min(first_high, high), max(first_low, low), middle, first_mean),
            Span(middle, min(second_high, high), max(second_low, low), closed, second_mean),
            active,
        )


def _around(mean: float, high: float, low: float) -> tuple[float, float]:
    """The extremes, moved so far that the mean keeps its distance to both."""
    far = _MARGIN / (1 - _MARGIN)
    high = max(high, mean + (mean - low) * far)
    return high, min(low, mean - (high - mean) * far)
