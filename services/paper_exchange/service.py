"""What the paper exchange opens and looks after while it lives."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from services.paper_exchange.exchange import PaperExchange
from services.paper_exchange.front import options
from services.paper_exchange.persistence.store import BadState
from services.paper_exchange.settings import PaperSettings
from services.paper_exchange.sources.errors import BadSource
from shared.runtime.ends import NotToBeHad
from shared.runtime.service import Life


@asynccontextmanager
async def serve(life: Life[PaperSettings]) -> AsyncGenerator[PaperExchange, None]:
    """The exchange before the application that every service has; it is given for tests to look into."""
    settings = life.settings
    try:
        exchange = PaperExchange(settings, life.app, life.metrics.registry)
    except (BadSource, BadState) as reason:
        raise NotToBeHad(str(reason)) from None
    for name, probe in exchange.probes.items():
        life.probe(name, probe)
    life.serve_http(exchange.front, **options(ping_every_s=settings.paper_ping_s, pong_within_s=settings.paper_pong_s))
    life.before_drain(exchange.announce_end)
    life.lives_by(exchange.start())
    try:
        yield exchange
    finally:
        await exchange.stop()
