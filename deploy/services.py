"""The services that are built, in the order in which a request meets them. To add one is to add its name here."""

from importlib import import_module

from shared.runtime.settings import Settings

PAPER_EXCHANGE = "paper_exchange"
GATEWAY = "mcp_gateway"
SERVICES: tuple[str, ...] = ("mcp_gateway", "market_data")


def settings_of(service: str) -> type[Settings]:
    """The class of its settings."""
    found: type[Settings] = import_module(f"services.{service}.settings").Settings
    return found
