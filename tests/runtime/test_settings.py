"""A setting is declared once; a wrong one is told in one line without its secret."""

from pathlib import Path
from typing import ClassVar

import pytest
from pydantic import Field, SecretStr

from services.paper_exchange.settings import PaperSettings
from shared.runtime.settings import BadSettings, ExchangeSettings, Port, Settings, every_setting, own


class First(ExchangeSettings):
    """Settings of one service."""

    service: ClassVar[str] = "first"
    port: Port = own(8001, "Port of the first.")
    api_secret: SecretStr = Field(default=SecretStr("a long secret"), min_length=8, description="A secret.")


class Second(ExchangeSettings):
    """Settings of another."""

    service: ClassVar[str] = "second"
    port: Port = own(8002, "Port of the second.")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BINANCE_ENV_FILE")


def test_a_setting_comes_from_its_variable_and_the_environment_wins_over_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("BINANCE_LOG_LEVEL=debug\nBINANCE_HOST=0.0.0.0\nBINANCE_STREAM_KEEP_S=1\n")
    monkeypatch.setenv("BINANCE_LOG_LEVEL", "error")
    settings = First.load()
    assert (settings.log_level, settings.host) == ("error", "0.0.0.0")


def test_another_file_may_be_named_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("BINANCE_HOST=0.0.0.0\n")
    (tmp_path / "other.env").write_text("BINANCE_HOST=127.0.0.2\n")
    monkeypatch.setenv("BINANCE_ENV_FILE", "other.env")
    assert First.load().host == "127.0.0.2"
    monkeypatch.setenv("BINANCE_ENV_FILE", "")
    assert First.load().host == "127.0.0.1"


def test_a_variable_with_the_services_name_holds_for_that_service_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BINANCE_NATS_USER", "everybody")
    monkeypatch.setenv("BINANCE_FIRST_NATS_USER", "first")
    assert (First.load().nats_user, Second.load().nats_user) == ("first", "everybody")


def test_a_port_has_no_common_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BINANCE_PORT", "7000")
    monkeypatch.setenv("BINANCE_SECOND_PORT", "7002")
    assert (First.load().port, Second.load().port) == (8001, 7002)


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BINANCE_CONCURRENCY", "")
    assert First.load().concurrency == 256


def test_the_paper_exchange_is_looked_for_where_it_is_told_to_listen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BINANCE_PAPER_PORT", "9100")
    assert PaperSettings.load().port == 9100
    assert First.load().exchange.rest_url == "http://127.0.0.1:9100"
    monkeypatch.setenv("BINANCE_REST_URL", "http://paper-exchange:9000")
    assert First.load().exchange.rest_url == "http://paper-exchange:9000"


def test_several_servers_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BINANCE_NATS_URL", "nats://a:4222, nats://b:4222,")
    assert First.load().nats_url == ("nats://a:4222", "nats://b:4222")


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("BINANCE_ENVIRONMENT", "mainnet", "'paper', 'testnet', 'demo', 'live' or 'us'"),
        ("BINANCE_FIRST_PORT", "99999", "BINANCE_FIRST_PORT: Input should be less than or equal to 65535"),
        ("BINANCE_CONCURRENCY", "0", "greater than or equal to 1"),
        ("BINANCE_SUBJECT_PREFIX", "a.*", "BINANCE_SUBJECT_PREFIX"),
        ("BINANCE_API_SECRET", "hunter2", "BINANCE_API_SECRET"),
        ("BINANCE_NATS_URL", "http://a:4222", "BINANCE_NATS_URL: must be nats://host:port or tls://host:port"),
        ("BINANCE_NATS_URL", "nats://me:hunter2@a:4222,a:4222", "BINANCE_NATS_URL: must be nats://host:port"),
        ("BINANCE_NATS_URL", "nats://a:hunter2", "BINANCE_NATS_URL: must be nats://host:port"),
        ("BINANCE_NATS_URL", ",", "BINANCE_NATS_URL: must be nats://host:port"),
        (
            "BINANCE_REST_URL",
            "localhost:9000",
            "The REST address of paper (BINANCE_REST_URL) must look like http://host or https://host",
        ),
        (
            "BINANCE_WS_API_URL",
            "wss://hunter2@x",
            "The WebSocket API address of paper (BINANCE_WS_API_URL) must look like ws://host",
        ),
        ("BINANCE_STREAM_URL", "wss://stream.binance.com:9443", "Environments would mix"),
    ],
)
def test_a_wrong_value_is_told_with_its_name_and_what_is_allowed(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(BadSettings) as caught:
        First.load()
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_all_settings_are_listed_once_with_the_services_that_read_them() -> None:
    found = {setting.name: setting for setting in every_setting([First, Second])}
    assert found["BINANCE_NATS_URL"].services == ("first", "second")
    assert found["BINANCE_ENVIRONMENT"].allowed == "paper, testnet, demo, live, us"
    assert (found["BINANCE_SECOND_PORT"].default, found["BINANCE_SECOND_PORT"].services) == ("8002", ("second",))
    assert "BINANCE_PORT" not in found
    assert all(setting.description.endswith(".") for setting in found.values())


def test_two_services_cannot_mean_different_things_by_one_name() -> None:
    class Third(ExchangeSettings):
        service: ClassVar[str] = "third"
        deadline_ms: int = Field(default=5, description="Something else.")

    with pytest.raises(ValueError, match="BINANCE_DEADLINE_MS means different things to first and third"):
        every_setting([First, Third])


def test_a_setting_without_a_description_is_a_mistake() -> None:
    class Silent(Settings):
        service: ClassVar[str] = "silent"
        mystery: int = 1

    with pytest.raises(ValueError, match="mystery has no description"):
        every_setting([Silent])
