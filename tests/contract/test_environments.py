"""Environments never mix, and never trade real money by mistake."""

from typing import Any

import pytest

from shared.contract.environments import ENVIRONMENTS, environment


def test_paper_is_on_this_machine_and_only_live_and_us_trade_real_money():
    paper = environment("paper")

    assert (paper.rest_url, paper.stream_url) == ("http://127.0.0.1:9000", "ws://127.0.0.1:9000")
    assert {name for name, known in ENVIRONMENTS.items() if known.trades_real_money} == {"live", "us"}


def test_a_single_address_can_be_overridden():
    moved = environment("paper", rest_url="http://paper:9100/", ws_api_url="ws://paper:9100/ws-api/v3")

    assert moved.rest_url == "http://paper:9100"
    assert moved.stream_url == "ws://127.0.0.1:9000"


def test_the_paper_exchange_is_where_its_port_is_unless_an_address_says_otherwise():
    moved = environment("paper", paper_port=9100, stream_url="ws://paper:9000")

    assert (moved.rest_url, moved.ws_api_url) == ("http://127.0.0.1:9100", "ws://127.0.0.1:9100/ws-api/v3")
    assert moved.stream_url == "ws://paper:9000"
    assert environment("testnet", paper_port=9100) == environment("testnet")


def test_another_host_of_the_same_exchange_is_the_same_environment():
    assert environment("live", rest_url="https://api1.binance.com").trades_real_money


@pytest.mark.parametrize(
    ("name", "address", "belongs_to"),
    [
        ("testnet", {"rest_url": "https://api.binance.com"}, "live"),
        ("live", {"stream_url": "wss://stream.testnet.binance.vision"}, "testnet"),
        ("live", {"rest_url": "http://127.0.0.1:9000"}, "paper"),
        ("paper", {"ws_api_url": "wss://ws-api.binance.com:443/ws-api/v3"}, "live"),
        ("demo", {"rest_url": "https://api.binance.us"}, "us"),
        ("live", {"rest_url": "https://demo-api.binance.com"}, "demo"),
    ],
)
def test_an_address_of_another_environment_is_refused(name: str, address: dict[str, Any], belongs_to: str):
    with pytest.raises(ValueError, match=f"would mix.* belongs to {belongs_to}"):
        environment(name, **address)


def test_real_money_goes_encrypted():
    with pytest.raises(ValueError, match="must be encrypted"):
        environment("live", rest_url="http://proxy.example")


@pytest.mark.parametrize("address", ["api.binance.com", "ftp://x", "https://x/?a=1", "https://user:secret@x"])
def test_what_is_no_address_is_refused_without_quoting_it(address: str):
    with pytest.raises(ValueError, match="must look like") as refused:
        environment("paper", rest_url=address)

    assert "http://host or https://host" in str(refused.value)
    assert "secret" not in str(refused.value)


def test_where_money_is_real_only_an_encrypted_address_is_suggested():
    with pytest.raises(ValueError, match="must look like wss://host, without"):
        environment("live", ws_api_url="stream.binance.com")


def test_an_unknown_environment_is_answered_with_the_known_ones():
    with pytest.raises(ValueError, match="paper, testnet, demo, live, us"):
        environment("mainnet")
