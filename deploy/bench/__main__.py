"""`python -m deploy.bench [--rounds N] [name ...]`"""

import argparse
import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from deploy.bench import bus, exchange, matching, orders, startup, streams, subscribers, tools
from deploy.bench.harness import Table, pick

BENCHES: dict[str, Callable[[int], Coroutine[Any, Any, list[Table]]]] = {
    "bus": bus.run,
    "exchange": exchange.run,
    "tools": tools.run,
    "matching": matching.run,
    "orders": orders.run,
    "streams": streams.run,
    "subscribers": subscribers.run,
    "startup": startup.run,
}


def main() -> None:
    """Run the benches that were asked for and print their tables."""
    parser = argparse.ArgumentParser(prog="python -m deploy.bench", description="Benchmarks, each beside its limit and peers.")
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds, of which the median counts (default 5)")
    parser.add_argument("names", nargs="*", metavar="name", help=f"which: {', '.join(BENCHES)} (default all)")
    given = parser.parse_args()
    for name in pick(given.names, BENCHES):
        for table in asyncio.run(BENCHES[name](given.rounds)):
            print(table, flush=True)


if __name__ == "__main__":
    main()
