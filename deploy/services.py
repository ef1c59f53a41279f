"""The services that are built, in the order in which a request meets them. To add one is to add its name here."""

from importlib import import_module

from shared.runtime.settings import Settings

PAPER_EXCHANGE = "paper_exchange"
GATEWAY = "mcp_gateway"
SERVICES: tuple[str, ...] = ("mcp_gateway", "market_data", "stream_ingestion", "paper_exchange")


def settings_of(service: str) -> type[Settings]:
    """The class of its settings: the one that its module `settings` declares."""
    module = import_module(f"services.{service}.settings")
    (declared,) = (
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Settings) and value.__module__ == module.__name__
    )
    return declared
