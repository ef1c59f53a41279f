"""What the metrics of stream_ingestion count and show."""

from collections.abc import Collection

from prometheus_client import Counter, Gauge

from services.stream_ingestion.condition import Condition
from services.stream_ingestion.local_books import LocalBooks
from services.stream_ingestion.upstream import Upstream
from shared.runtime.metrics import Metrics


class Counts:
    """The counters of this service."""

    def __init__(self, metrics: Metrics) -> None:
        registry = metrics.registry
        self.holes = Counter("binance_stream_holes", "Holes found in streams", ["kind"], registry=registry)
        self.filled = Counter("binance_stream_filled", "Events fetched to fill holes", registry=registry)
        self.withheld = Counter("binance_stream_withheld", "Events not published for want of the right to", registry=registry)
        self.lost = Counter("binance_stream_connections_lost", "Connections that broke", registry=registry)
        self.replaced = Counter("binance_stream_connections_replaced", "Connections replaced in time", registry=registry)
        self.resyncs = Counter("binance_stream_book_resyncs", "Local books that had to start over", registry=registry)
        self._live = Gauge("binance_stream_live", "Streams published here", ["state"], registry=registry)
        self._carriers = Gauge("binance_stream_connections", "Connections to the exchange's streams", registry=registry)
        self._books = Gauge(
            "binance_stream_books", "Local books, by whether they can be trusted", ["synced"], registry=registry
        )

    def show(self, conditions: Collection[Condition], upstream: Upstream, books: LocalBooks) -> None:
        """Show how things are."""
        states = [found.state for found in conditions]
        for state in ("synced", "stale", "gap"):
            self._live.labels(state).set(states.count(state))
        self._carriers.set(sum(carrier.is_up for carrier in upstream.carriers))
        self._books.labels("yes").set(books.synced())
        self._books.labels("no").set(len(books) - books.synced())
