"""What an asset is worth at any moment, past and future: a path that exists as a rule instead of as data.

The path is divided like a ruler: a span of time with its open, high, low and close splits in two, deterministically by the
seed, so that the two halves together are the whole: they meet at one price, its extremes are theirs, and so is its mean. So the
prices of any span, of a second as of a decade, agree with every other, and cost a few divisions.

A span is divided in this order: how far each part would like to range, about as usual for its length, more in a wild span and
less in a calm one, which lets wild and calm times last; where they meet; which of them holds the high and which the low, such
that the wishes come true as nearly as can be; how far the others reach, always inside of the whole; their means. What is usual
grows with the square root of time up to months and comes to rest at the width of the asset, so that returns are independent of
each other in the short run, and prices wander without running away in the long.

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
_MARGIN = 0.1
"""So much of a span's range lies above and below its mean, or else no path could have that mean."""
_COMFORT = 0.2
"""So much would be natural."""
_EAGER, _MORE_EAGER = 0.88, 0.5
"""What parts wish for, of what is usual: less than that, for a wish is the least they get; more, the less room there is."""
_EVEN = 1.0
"""How like each other parts are."""
_SWAY = 0.45
"""How far, of a span's range, the price at which its parts meet strays from the bridge between its ends."""
_BRIM = 0.02
"""How near, of its range, to a span's extremes its parts may meet."""
_MOST, _VERY_MOST = 0.8, 0.98
"""The part without an extreme of the whole ranges less than the whole."""
_MAX_MEMORY = 10_000
"""Some seven megabytes an asset. The market needs two more divisions a second, none of them again later: what is forgotten
with them, the thirty above, is quickly worked out."""
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
        self._lengths: dict[int, _Length] = {}

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

    def usual(self, length_s: int) -> float:
        """About how far apart the high and the low of a span of this length are."""
        ever = 2 * self.asset.width
        free = sqrt(length_s / DAY_S) / (1 / self.asset.daily - 1 / ever)
        return self.asset.price / (1 / free + 1 / ever)

    def _length(self, length_s: int) -> "_Length":
        found = self._lengths.get(length_s)
        if found is None:
            first_s = first_part(length_s)
            share, usual = first_s / length_s, self.usual(length_s)
            spread = share * (1 - share)
            eager = _EAGER + _MORE_EAGER * usual / (self.whole.high - self.whole.low)
            found = self._lengths[length_s] = _Length(
                share,
                usual,
                eager * self.usual(first_s),
                eager * self.usual(length_s - first_s),
                6 * spread,
                _SWAY * sqrt(spread * (1 - 3 * spread)),
            )
        return found

    def _divide(self, start_s: int, length_s: int, span: Span) -> Parts:
        length = self._length(length_s)
        bytes_of_luck = blake2b(_KEY.pack(start_s, length_s), digest_size=36, key=self.key).digest()
        luck = [value * _UNIT for value in _RANDOM.unpack(bytes_of_luck)]
        opened, high, low, closed, mean = span
        reach = high - low
        # Activity comes in bursts, short ones too.
        active = length.share * (1 + (luck[0] + luck[1] - 1) * 0.4)

        wild = reach / length.usual
        wild = sqrt(wild * sqrt(wild))
        most = reach * (_MOST + (_VERY_MOST - _MOST) * luck[2])
        wishes = (
            min(length.first_wish * wild * (_EVEN + luck[3]) / (_EVEN + luck[4]), most),
            min(length.second_wish * wild * (_EVEN + luck[5]) / (_EVEN + luck[6]), most),
        )
        middle = _meeting(span, length, luck)
        first_high, first_low, second_high, second_low = _extremes(span, middle, active, wishes, luck)

        # The means of both parts, which together are the mean of the whole.
        first_mean = _natural(opened, middle, first_high, first_low)
        rest = mean - active * first_mean - (1 - active) * _natural(middle, closed, second_high, second_low)
        first_mean = _inside(first_mean + rest + (1 - active) * (luck[16] - 0.5) * 0.3 * reach, first_high, first_low, _COMFORT)
        second_mean = _inside((mean - active * first_mean) / (1 - active), second_high, second_low, _COMFORT)
        least, most = min(low + _MARGIN * reach, mean), max(high - _MARGIN * reach, mean)
        first_mean = min(max((mean - (1 - active) * second_mean) / active, least), most)
        second_mean = (mean - active * first_mean) / (1 - active)
        return Parts(
            _part(span, opened, first_high, first_low, middle, first_mean),
            _part(span, middle, second_high, second_low, closed, second_mean),
            active,
        )


class _Length(NamedTuple):
    """What spans of one length have in common."""

    share: float
    """The first part's, of the length."""
    usual: float
    first_wish: float
    second_wish: float
    pull: float
    """How much of the mean's distance from the middle of the ends the bridge between them follows."""
    sway: float


def _meeting(span: Span, length: _Length, luck: list[float]) -> float:
    """Where the parts meet: a Brownian bridge of which the mean is known as well as the ends, reflected at the extremes."""
    opened, high, low, closed, mean = span
    reach = high - low
    normal = (luck[7] + luck[8] + luck[9] + luck[10] - 2) * 1.7
    middle = opened + length.share * (closed - opened) + length.pull * (mean - (opened + closed) / 2)
    middle += length.sway * reach * normal
    top, bottom = high - _BRIM * reach, low + _BRIM * reach
    if middle > top:
        middle = 2 * top - middle
    elif middle < bottom:
        middle = 2 * bottom - middle
    return middle if bottom <= middle <= top else low + reach * (0.25 + 0.25 * luck[11])


def _extremes(
    span: Span, middle: float, active: float, wishes: tuple[float, float], luck: list[float]
) -> tuple[float, float, float, float]:
    """High and low of the first part, and of the second."""
    opened, high, low, closed, mean = span
    reach = high - low
    first, second = wishes
    first_top, first_bottom = (opened, middle) if opened > middle else (middle, opened)
    second_top, second_bottom = (closed, middle) if closed > middle else (middle, closed)
    first_least, second_least = max(first, first_top - first_bottom), max(second, second_top - second_bottom)
    # How far beyond their wishes the parts must range, if the first one holds ...
    both = reach / first + second_least / second + 0.25 * luck[12]
    none = first_least / first + reach / second + 0.25 * luck[13]
    only_high = max(1, (high - first_bottom) / first) + max(1, (second_top - low) / second) + 0.25 * luck[14]
    only_low = max(1, (first_top - low) / first) + max(1, (high - second_bottom) / second) + 0.25 * luck[15]
    best = min(both, none, only_high, only_low)

    # What is left free goes where it leaves the mean of the whole natural.
    stray = (luck[17] - 0.5) * 0.2 * reach
    if best == both:
        wanted = (mean - active * _natural(opened, middle, high, low)) / (1 - active) + stray
        second_low = _slid(
            wanted - second_least / 2, max(low, second_top - second_least), min(second_bottom, high - second_least)
        )
        return high, low, second_low + second_least, second_low
    if best == none:
        wanted = (mean - (1 - active) * _natural(middle, closed, high, low)) / active + stray
        first_low = _slid(wanted - first_least / 2, max(low, first_top - first_least), min(first_bottom, high - first_least))
        return first_low + first_least, first_low, high, low
    if best == only_high:
        first_low, second_high = min(high - first, first_bottom), max(low + second, second_top)
        rest = mean - active * _natural(opened, middle, high, first_low)
        rest -= (1 - active) * _natural(middle, closed, second_high, low)
        first_low, second_high = _slid(first_low + 2 * rest, low, first_bottom), _slid(second_high + 2 * rest, second_top, high)
        return high, first_low, second_high, low
    first_high, second_low = max(low + first, first_top), min(high - second, second_bottom)
    rest = mean - active * _natural(opened, middle, first_high, low) - (1 - active) * _natural(middle, closed, high, second_low)
    first_high, second_low = _slid(first_high + 2 * rest, first_top, high), _slid(second_low + 2 * rest, low, second_bottom)
    return first_high, low, high, second_low


def _natural(opened: float, closed: float, high: float, low: float) -> float:
    """The mean that one expects."""
    return (opened + closed + 2 * (high + low)) / 6


def _slid(wanted: float, least: float, most: float) -> float:
    """The nearest that is strictly inside."""
    return _inside(wanted, most, least, 0.05)


def _inside(value: float, high: float, low: float, margin: float) -> float:
    edge = (high - low) * margin
    return min(max(value, low + edge), high - edge)


def _part(whole: Span, opened: float, high: float, low: float, closed: float, mean: float) -> Span:
    """A part with extremes moved so far that the mean keeps its distance to both."""
    far = _MARGIN / (1 - _MARGIN)
    high = max(high, opened, closed, mean + (mean - low) * far)
    low = min(low, opened, closed, mean - (high - mean) * far)
    return Span(opened, min(high, whole.high), max(low, whole.low), closed, mean)
