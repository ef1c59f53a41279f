"""What a process counts: one registry a process, shown at /metrics in the text form of Prometheus.

What is counted for every request is counted in plain numbers (`Answered`) and turned into samples when somebody looks: the
counters of prometheus_client cost more than all else that a request needs here.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the latency histogram."""


class Answered:
    """How often, how fast and how a method was answered."""

    def __init__(self) -> None:
        self.outcomes: defaultdict[str, int] = defaultdict(int)
        self.buckets = [0] * (len(SECONDS) + 1)
        self.seconds = 0.0

    def count(self, outcome: str, seconds: float) -> None:
        """One more answer."""
        self.outcomes[outcome] += 1
        self.buckets[bisect_left(SECONDS, seconds)] += 1
        self.seconds += seconds

    @property
    def total(self) -> int:
        """Answers of every outcome."""
        return sum(self.outcomes.values())

    def cumulative(self) -> Iterator[tuple[str, float]]:
        """The buckets as Prometheus wants them."""
        sum_so_far = 0
        for bound, number in zip((*map(str, SECONDS), "+Inf"), self.buckets, strict=True):
            sum_so_far += number
            yield bound, sum_so_far


class BusMetrics:
    """What is counted of a process's links to the bus."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.round_trip = Gauge("binance_bus_round_trip_seconds", "Last measured round trip", registry=registry)
        self.reconnects = Counter("binance_bus_reconnects", "Links to the bus regained", ["link"], registry=registry)
        self.slow_consumer = Counter(
            "binance_bus_slow_consumer_drops", "Messages dropped because a reader here was slow", registry=registry
        )
        self.errors = Counter("binance_bus_errors", "Errors told by the bus", ["link"], registry=registry)


class Metrics:
    """The counters that every service has; a service adds its own with `registry=metrics.registry`."""

    def __init__(self, service: str) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        Gauge("binance_service", "The service in this process", ["service"], registry=self.registry).labels(service).set(1)
        self.answers: dict[str, Answered] = {}
        """By method; a responder puts its own in."""
        self.requests: defaultdict[str, int] = defaultdict(int)
        """Requests made over the bus, by outcome."""
        self.in_flight: Callable[[], int] = int
        """Requests being worked on."""
        self.registry.register(_Requests(self))

    @cached_property
    def bus(self) -> BusMetrics:
        """Of the links to the bus; a process that has none shows nothing of them."""
        return BusMetrics(self.registry)

    def text(self) -> bytes:
        """All of it, as Prometheus reads it."""
        return generate_latest(self.registry)


class _Requests:
    """What was counted for every request, as samples."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        answers = CounterMetricFamily("binance_answers", "Requests answered", labels=["method", "outcome"])
        seconds = HistogramMetricFamily("binance_answer_seconds", "Time to answer a request", labels=["method"])
        requests = CounterMetricFamily("binance_bus_requests", "Requests made over the bus", labels=["outcome"])
        for method, answered in self._metrics.answers.items():
            for outcome, number in answered.outcomes.items():
                answers.add_metric([method, outcome], number)
            seconds.add_metric([method], list(answered.cumulative()), answered.seconds)
        for outcome, number in self._metrics.requests.items():
            requests.add_metric([outcome], number)
        in_flight = GaugeMetricFamily("binance_answers_in_flight", "Requests being worked on", labels=[])
        if self._metrics.answers:
            in_flight.add_metric([], self._metrics.in_flight())
        return [family for family in (in_flight, answers, seconds, requests) if family.samples]
