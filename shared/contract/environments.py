"""Where the exchange lives: five environments, each with its three base addresses.

An environment names money: `live` and `us` trade real money, the others do not. Its addresses may be overridden one by one
(another host of the same exchange, a proxy, a paper exchange on another port), but never so that two environments mix:
prices of one and orders of another would be worse than no connection.
"""

from typing import Literal
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

Name = Literal["paper", "testnet", "demo", "live", "us"]
PAPER_PORT = 9000
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class Environment(Struct, frozen=True):
    """One exchange and its addresses; none ends in a slash."""

    name: Name
    rest_url: str
    """Before `/api/v3/...`."""
    ws_api_url: str
    """The WebSocket API, with its path."""
    stream_url: str
    """Before `/ws/...` and `/stream?streams=...`."""
    trades_real_money: bool = False
    market_rest_url: str = ""
    """Serves public reads only; empty where there is none."""
    market_stream_url: str = ""
    """Serves market streams only; empty where there is none."""

    def __post_init__(self) -> None:
        known = {
            "rest_url": ("REST", self.rest_url),
            "ws_api_url": ("WebSocket API", self.ws_api_url),
            "stream_url": ("stream", self.stream_url),
            "market_rest_url": ("market data REST", self.market_rest_url),
            "market_stream_url": ("market data stream", self.market_stream_url),
        }
        for field, (label, url) in known.items():
            if url:
                what = f"The {label} address of {self.name} (BINANCE_{field.upper()})"
                _check_address(self, what, url, _HTTP if field.endswith("rest_url") else _SOCKET)


_HTTP, _SOCKET = ("http", "https"), ("ws", "wss")


def _check_address(environment: Environment, what: str, url: str, schemes: tuple[str, str]) -> None:
    parts, (plain, encrypted) = urlsplit(url), schemes
    if parts.scheme not in schemes or not parts.hostname or parts.query or parts.username:
        allowed = f"{encrypted}://host" if environment.trades_real_money else f"{plain}://host or {encrypted}://host"
        raise ValueError(f"{what} must look like {allowed}, without query or user.")
    belongs = family(url)
    if belongs is not None and belongs != environment.name:
        raise ValueError(
            f"Environments would mix: {what[0].lower()}{what[1:]} is {parts.hostname}, which belongs to {belongs}."
            f" Set BINANCE_ENVIRONMENT={belongs} or leave the address out."
        )
    if environment.trades_real_money and parts.scheme == plain:
        raise ValueError(f"{what} must be encrypted ({encrypted}://): it trades real money.")


def family(url: str) -> Name | None:
    """The environment that an address belongs to; None for a host that could be anyone's (a proxy, a container)."""
    host = urlsplit(url).hostname or ""
    if host in LOOPBACK:
        return "paper"
    if host.endswith("testnet.binance.vision"):
        return "testnet"
    if host.endswith(".binance.us"):
        return "us"
    if host.startswith("demo-") and host.endswith(".binance.com"):
        return "demo"
    return "live" if host.endswith((".binance.com", ".binance.vision")) else None


def paper(port: int) -> Environment:
    """The paper exchange that listens on this port of this machine."""
    return Environment("paper", f"http://127.0.0.1:{port}", f"ws://127.0.0.1:{port}/ws-api/v3", f"ws://127.0.0.1:{port}")


ENVIRONMENTS: dict[Name, Environment] = {
    environment.name: environment
    for environment in (
        paper(PAPER_PORT),
        Environment(
            "testnet",
            "https://testnet.binance.vision",
            "wss://ws-api.testnet.binance.vision/ws-api/v3",
            "wss://stream.testnet.binance.vision",
        ),
        Environment(
            "demo",
            "https://demo-api.binance.com",
            "wss://demo-ws-api.binance.com/ws-api/v3",
            "wss://demo-stream.binance.com",
        ),
        Environment(
            "live",
            "https://api.binance.com",
            "wss://ws-api.binance.com:443/ws-api/v3",
            "wss://stream.binance.com:9443",
            trades_real_money=True,
            market_rest_url="https://data-api.binance.vision",
            market_stream_url="wss://data-stream.binance.vision",
        ),
        Environment(
            "us",
            "https://api.binance.us",
            "wss://ws-api.binance.us:443/ws-api/v3",
            "wss://stream.binance.us:9443",
            trades_real_money=True,
        ),
    )
}
"""Addresses as documented on 2026-07-21."""


def environment(
    name: str, *, rest_url: str = "", ws_api_url: str = "", stream_url: str = "", paper_port: int = PAPER_PORT
) -> Environment:
    """The environment of that name, with single addresses overridden where given; `paper_port` is for `paper` alone.

    Raises:
        ValueError: there is no such environment, or its addresses would mix with another's.
    """
    found = next((known for known in ENVIRONMENTS.values() if known.name == name), None)
    if found is None:
        raise ValueError(f"There is no environment {name[:20]!r}: BINANCE_ENVIRONMENT is one of {', '.join(ENVIRONMENTS)}.")
    if found.name == "paper":
        found = paper(paper_port)
    given = {"rest_url": rest_url, "ws_api_url": ws_api_url, "stream_url": stream_url}
    return replace(found, **{field: url.rstrip("/") for field, url in given.items() if url})
