"""A name that is nearly a setting's is a mistake; the settings of other services and the names of other programs are none."""

import re

import pytest

from shared.runtime.setting_names import NAMES
from shared.runtime.settings import names_of
from shared.runtime.spelling import strangers
from tests.support.a_service import Settings
from tests.support.process import ROOT, ServiceProcess

OWN = [name for field in Settings.model_fields for name in names_of(Settings, field)]


def mistakes(environment: dict[str, str] | None = None, file: dict[str, str] | None = None) -> list[str]:
    return [str(each) for each in strangers(environment or {}, file or {}, "a_service", OWN) if each.is_mistake]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("BINANCE_STREM_KEEP_S", "BINANCE_STREAM_KEEP_S"),
        ("BINANCE_REST_URI", "BINANCE_REST_URL"),
        ("BINANCE_ENVIRONEMENT", "BINANCE_ENVIRONMENT"),
        ("BINANCE_LOGLEVEL", "BINANCE_LOG_LEVEL"),
        ("binance_log_level", "BINANCE_LOG_LEVEL"),
        ("BINANCE_CANOT", "BINANCE_CANNOT"),
    ],
)
def test_a_name_that_is_nearly_one_is_a_mistake_wherever_it_comes_from(name: str, meant: str) -> None:
    told = [f"{name} is no setting: did you mean {meant}?"]
    assert mistakes({name: "1"}) == told
    assert mistakes(file={name: "1"}) == told


def test_whatever_is_no_setting_is_a_mistake_in_the_file() -> None:
    assert mistakes(file={"BINANCE_XYZ": "1"}) == ["BINANCE_XYZ is no setting; .env.example lists all."]


def test_names_of_other_programs_in_the_environment_are_told_and_no_mistakes() -> None:
    (told,) = strangers({"BINANCE_TESTNET": "1", "HOME": "/"}, {"COMPOSE_PROJECT_NAME": "x"}, "a_service", OWN)
    assert (told.name, told.is_mistake) == ("BINANCE_TESTNET", False)


@pytest.mark.parametrize(
    "name",
    [
        "BINANCE_STREAM_KEEP_S",
        "BINANCE_PAPER_PORT",
        "BINANCE_STREAM_INGESTION_LOG_LEVEL",
        "BINANCE_A_SERVICE_NATS_USER",
        "BINANCE_HEDGE_API_KEY",
        "BINANCE_ENV_FILE",
        "BINANCE_NATS_PORT",
    ],
)
def test_settings_of_this_and_of_other_services_are_no_strangers(name: str) -> None:
    assert strangers({name: "1"}, {name: "1"}, "a_service", OWN) == []


def test_a_setting_for_this_service_that_it_does_not_have_is_a_mistake() -> None:
    assert mistakes(file={"BINANCE_A_SERVICE_STREAM_KEEP_S": "1"})


def test_an_empty_value_counts_as_not_set() -> None:
    assert strangers({"BINANCE_STREM_KEEP_S": ""}, {"BINANCE_XYZ": ""}, "a_service", OWN) == []


def test_every_setting_that_the_example_file_lists_is_known() -> None:
    assert set(re.findall(r"^#(BINANCE_\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)) == NAMES


async def test_a_service_refuses_a_misspelt_setting_in_one_line() -> None:
    async with ServiceProcess("tests.support.a_service", nats_ulr="nats://127.0.0.1:1") as process:
        assert await process.ended() == 78
    assert process.lines == ["a_service: BINANCE_NATS_ULR is no setting: did you mean BINANCE_NATS_URL?"]
