"""What flows in the benches: events that follow from their number alone, so that a reader knows what to expect.

Event `number` belongs to stream `number % streams`; each stream counts its own events from `FIRST` on without a hole.
"""

from collections.abc import Callable, Iterator

from msgspec import Struct

FIRST = 3_100_000_000
"""The first number of every stream; it keeps its ten digits for as long as any bench runs."""
STAMP = b'"at":'
STAMP_FROM = 10**18
"""Added to the monotonic clock's nanoseconds, so that a time of sending always has 19 digits."""
TIME_MS = 1_770_000_000_000
BASES = ("BTC", "ETH", "BNB", "SOL", "XRP", "DOGE", "ADA", "TRX", "AVAX", "LINK")
BLOCK = 20_000
"""About so many events are made at once."""
CHUNK = 256 * 1024
MIXED = ("trade", "aggTrade", "bookTicker", "depth@100ms", "kline_1m", "ticker")
Payload = Callable[[str, int, int], str]


def symbols(count: int) -> list[str]:
    """Twenty that exist, then such as could."""
    known = [base + quote for base in BASES for quote in ("USDT", "EUR")]
    return (known + [f"{BASES[number % 10]}{number}USDT" for number in range(20, count)])[:count]


def trades(count: int) -> tuple[str, ...]:
    """Names of so many trade streams."""
    return tuple(f"{symbol.lower()}@trade" for symbol in symbols(count))


def mixed() -> tuple[str, ...]:
    """Names of some streams of every kind."""
    return tuple(f"{symbol.lower()}@{kind}" for symbol in symbols(4) for kind in MIXED)


def subject(name: str) -> str:
    """Where a stream goes."""
    symbol, _, kind = name.partition("@")
    return f"binance.md.{symbol.upper()}.{kind.replace('@', '.').replace('_', '.')}"


def _trade(symbol: str, number: int, at: int) -> str:
    return (
        f'{{"e":"trade","E":{at},"s":"{symbol}","t":{number},"p":"97123.45000000",'
        f'"q":"0.01234000","T":{at},"m":true,"M":true,"at":{STAMP_FROM}}}'
    )


def _aggregate_trade(symbol: str, number: int, at: int) -> str:
    return (
        f'{{"e":"aggTrade","E":{at},"s":"{symbol}","a":{number},"p":"97123.45000000","q":"0.01234000",'
        f'"f":{number},"l":{number},"T":{at},"m":true,"M":true}}'
    )


def _book_ticker(symbol: str, number: int, _at: int) -> str:
    return f'{{"u":{number},"s":"{symbol}","b":"97123.44000000","B":"1.20000000","a":"97123.45000000","A":"0.31000000"}}'


def _depth(symbol: str, number: int, at: int) -> str:
    levels = ",".join(f'["{97_000 + number % 7 + step}.00000000","0.{step:08}"]' for step in range(15))
    first, last = FIRST + 3 * (number - FIRST), FIRST + 3 * (number - FIRST) + 2
    return f'{{"e":"depthUpdate","E":{at},"s":"{symbol}","U":{first},"u":{last},"b":[{levels}],"a":[{levels}]}}'


def _kline(symbol: str, number: int, at: int) -> str:
    candle, step = divmod(number - FIRST, 50)
    opened = TIME_MS + candle * 60_000
    return (
        f'{{"e":"kline","E":{at},"s":"{symbol}","k":{{"t":{opened},"T":{opened + 59_999},"s":"{symbol}","i":"1m",'
        f'"f":100,"L":200,"o":"97000.00000000","c":"97123.45000000","h":"97200.00000000","l":"96900.00000000",'
        f'"v":"12.34000000","n":{step},"x":{"true" if step == 49 else "false"},"q":"1.0","V":"1.0","Q":"1.0","B":"0"}}}}'
    )


def _ticker(symbol: str, number: int, at: int) -> str:
    return f'{{"e":"24hrTicker","E":{at},"s":"{symbol}","p":"-{number % 100}.5","c":"97123.45000000","n":{number}}}'


PAYLOADS: dict[str, Payload] = dict(zip(MIXED, (_trade, _aggregate_trade, _book_ticker, _depth, _kline, _ticker), strict=True))


class Market(Struct, frozen=True):
    """Streams, and what flows on them."""

    names: tuple[str, ...]

    def stream(self, number: int) -> str:
        """The stream that an event belongs to."""
        return self.names[number % len(self.names)]

    def payload(self, number: int) -> bytes:
        """An event."""
        symbol, _, kind = self.stream(number).partition("@")
        count = number // len(self.names)
        return PAYLOADS[kind](symbol.upper(), FIRST + count, TIME_MS + count).encode()

    def frame(self, number: int) -> bytes:
        """An event in its envelope, as a text frame of a server."""
        return frame(b'{"stream":"%b","data":%b}' % (self.stream(number).encode(), self.payload(number)))

    def chunks(self, start: int, stop: int) -> Iterator[memoryview]:
        """Frames of trades from row to row (a row: one event of each stream), many at a time, at next to no cost.

        One block is written; the others are it with the leading digits of its numbers replaced, their times stand still.
        """
        width = len(self.names)
        rows = 10 ** max(1, len(str(BLOCK // width)) - 1)
        block = b"".join(map(self.frame, range(rows * width)))
        size = len(block) // rows
        each = max(1, CHUNK // size)
        before = b'"t":%d' % (FIRST // rows)
        for turn in range(start // rows, -(-stop // rows)):
            text = memoryview(block.replace(before, b'"t":%d' % (FIRST // rows + turn)))
            first, last = max(start - turn * rows, 0), min(stop - turn * rows, rows)
            for cut in range(first, last, each):
                yield text[cut * size : min(cut + each, last) * size]


def frame(text: bytes) -> bytes:
    """A text frame of a server."""
    size = len(text)
    head = bytes((0x81, size)) if size < 126 else b"\x81\x7e" + size.to_bytes(2, "big")
    return head + text
