"""The source of prices that the settings name: what it lists, and what it does while the exchange runs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from services.paper_exchange.door import Answer
from services.paper_exchange.operator_api import Route
from services.paper_exchange.settings import PaperSettings
from services.paper_exchange.sources import origin, recording
from services.paper_exchange.sources.errors import BadSource
from services.paper_exchange.sources.mirror import Mirror
from services.paper_exchange.sources.origin import Origin
from services.paper_exchange.sources.recording import Recording
from services.paper_exchange.sources.replay import Replay
from services.paper_exchange.streams.hub import Hub
from services.paper_exchange.venue import Venue
from shared.runtime.http import Probe


class Source:
    """Synthetic, a recording, or another exchange."""

    def __init__(self, settings: PaperSettings) -> None:
        """Reads what there is to read; of another exchange over the network.

        Raises:
            BadSource: there is nothing.
        """
        self._settings = settings
        self._found: Recording | Origin | None = None
        self.mirror: Mirror | None = None
        self.answers: Mapping[str, Answer] = {}
        """What answers operations in place of the exchange's own handlers, by method."""
        self.routes: dict[tuple[str, str], Route] = {}
        """What the operator can do with it, by HTTP method and path."""
        self.probes: dict[str, Probe] = {}
        if settings.paper_source == "replay":
            if not settings.paper_recording:
                raise BadSource("BINANCE_PAPER_RECORDING must name a folder when BINANCE_PAPER_SOURCE is replay.")
            self._found = recording.load(Path(settings.paper_recording))
        elif settings.paper_source == "mirror":
            self._found = origin.look(
                settings.paper_mirror_rest_url, settings.paper_mirror_stream_url, settings.paper_mirror_symbols
            )

    @property
    def venue_options(self) -> dict[str, Any]:
        """How the venue differs from that of a synthetic market."""
        return {} if self._found is None else {"listings": (), "instruments": self._found.instruments}

    @property
    def is_synthetic(self) -> bool:
        """Are prices made here? Only then the exchange keeps its state: what it follows goes on without it."""
        return self._found is None

    @property
    def publishes(self) -> bool:
        """Do the streams tell of the engine? (A replay tells of the recording instead.)"""
        return not isinstance(self._found, Recording)

    def join(self, venue: Venue, hub: Hub) -> None:
        """Meet the exchange that it is the source of."""
        settings, found = self._settings, self._found
        if isinstance(found, Recording):
            replay = Replay(
                found, venue, hub, speed=settings.paper_speed, awaits_operator=settings.paper_replay_start == "operator"
            )
            self.answers = replay.answers
            self.routes = {("GET", "/replay"): replay.shown, ("POST", "/replay/start"): replay.started}
        elif isinstance(found, Origin):
            self.mirror = Mirror(found, venue)
            self.probes = {"mirror": self.mirror.problem}

    def start(self) -> None:
        """Begin what has to run beside the exchange."""
        if self.mirror is not None:
            self.mirror.start()

    async def stop(self) -> None:
        """End it."""
        if self.mirror is not None:
            await self.mirror.stop()
