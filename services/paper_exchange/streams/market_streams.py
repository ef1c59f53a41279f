"""The market streams of one exchange, put together: what the process starts, lets live and ends."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Gauge

from services.paper_exchange.streams.block_desk import BlockDesk
from services.paper_exchange.streams.connections import Connections
from services.paper_exchange.streams.hub import Hub
from services.paper_exchange.streams.publisher import Publisher
from services.paper_exchange.venue import Venue
from services.paper_exchange.weights import Weights


class MarketStreams:
    """Hub, publisher and connections."""

    def __init__(
        self,
        venue: Venue,
        weights: Weights,
        clock: Callable[[], int],
        *,
        life_s: float,
        publishes: bool = True,
        serves_retired: bool = False,
    ) -> None:
        """`serves_retired`: also streams that Binance no longer has; `publishes`: what happens on the venue is told."""
        self.hub = Hub()
        self.publisher = Publisher(venue, self.hub, serves_retired=serves_retired) if publishes else None
        self.connections = Connections(self.hub, weights, clock, life_s=life_s)
        """The ASGI application."""
        self.block_desk = BlockDesk(venue, self.publisher)

    def tick(self, now_us: int) -> None:
        """Tell what is due at this moment; called again and again, at least ten times a second."""
        if self.publisher is not None:
            self.publisher.tick(now_us)

    def show_on(self, registry: CollectorRegistry) -> None:
        """Have /metrics tell of connections, streams and readers that were cut off."""
        for name, text, value in (
            ("connections", "Open connections to the market streams", lambda: len(self.connections)),
            ("channels", "Streams that somebody listens to", lambda: len(self.hub.channels)),
            ("cut_off", "Readers cut off because they did not keep up", lambda: self.connections.cut_off),
        ):
            Gauge(f"binance_paper_stream_{name}", text, registry=registry).set_function(value)

    def announce_end(self) -> None:
        """Tell every connection that the exchange is about to go."""
        self.connections.announce_end()
