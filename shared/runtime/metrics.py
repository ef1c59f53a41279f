"""What a process counts: one registry a process, shown at /metrics in the text form of Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """The counters that every service has; a service adds its own with `registry=metrics.registry`."""

    def __init__(self, service: str) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        Gauge("binance_service", "The service in this process", ["service"], registry=self.registry).labels(service).set(1)
        self.answers = Counter(
            "binance_answers", "Requests answered, by method and outcome", ["method", "outcome"], registry=self.registry
        )
        self.answer_seconds = Histogram(
            "binance_answer_seconds", "Time to answer a request", ["method"], buckets=_SECONDS, registry=self.registry
        )
        self.in_flight = Gauge("binance_answers_in_flight", "Requests being worked on", registry=self.registry)
        self.requests = Counter("binance_bus_requests", "Requests made over the bus", ["outcome"], registry=self.registry)
        self.round_trip = Gauge("binance_bus_round_trip_seconds", "Last measured round trip", registry=self.registry)
        self.reconnects = Counter("binance_bus_reconnects", "Links to the bus regained", ["link"], registry=self.registry)
        self.slow_consumer = Counter(
            "binance_bus_slow_consumer_drops", "Messages dropped because a reader here was slow", registry=self.registry
        )
        self.bus_errors = Counter("binance_bus_errors", "Errors told by the bus", ["link"], registry=self.registry)

    def text(self) -> bytes:
        """All of it, as Prometheus reads it."""
        return generate_latest(self.registry)
