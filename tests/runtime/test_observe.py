"""Logs are structured, go to stderr, and keep secrets to themselves."""

import json
import logging
from collections.abc import Generator

import pytest
import structlog

from shared.runtime import observe


@pytest.fixture(autouse=True)
def _configured() -> Generator[None, None, None]:  # pyright: ignore[reportUnusedFunction]
    root = logging.getLogger()
    before = (root.handlers[:], root.level, structlog.get_config())
    yield
    root.handlers[:], root.level = before[:2]
    structlog.configure(**before[2])


def _logged(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    captured = capsys.readouterr()
    assert captured.out == "", "stdout belongs to MCP over stdio"
    return [json.loads(line) for line in captured.err.splitlines()]


@pytest.mark.parametrize(
    "key",
    ["api_secret", "password", "signature", "X-MBX-APIKEY", "authorization", "nats_creds", "access_token", "listenKey_token"],
)
def test_values_under_secret_names_are_struck_out(capsys: pytest.CaptureFixture[str], key: str) -> None:
    observe.configure("test")
    observe.logger("here").info("signed", **{key: "hunter2", "symbol": "BTCUSDT", "nested": {key: "hunter2"}})
    (record,) = _logged(capsys)
    assert record["symbol"] == "BTCUSDT"
    assert "hunter2" not in json.dumps(record)


@pytest.mark.parametrize(
    "text",
    [
        "GET /api/v3/account?timestamp=1&signature=hunter2&recvWindow=5000",
        "nats://user:hunter2@127.0.0.1:4222 refused",
        "Authorization: Bearer hunter2",
        'frame {"apiKey":"hunter2","symbol":"BTCUSDT"}',
        "password=hunter2",
    ],
)
def test_secrets_inside_texts_and_tracebacks_are_struck_out(capsys: pytest.CaptureFixture[str], text: str) -> None:
    observe.configure("test")
    try:
        raise ValueError(text)
    except ValueError:
        observe.logger("here").exception(text, detail=text)
    (record,) = _logged(capsys)
    assert "hunter2" not in json.dumps(record)
    assert "ValueError" in str(record["exception"])


def test_libraries_log_in_the_same_form(capsys: pytest.CaptureFixture[str]) -> None:
    observe.configure("test")
    logging.getLogger("nats.aio.client").error("nats: encountered error with %s", "nats://u:hunter2@h")
    logging.getLogger("httpx").info("HTTP Request: GET https://x/?signature=hunter2")
    (record,) = _logged(capsys)
    assert (record["service"], record["module"], record["level"]) == ("test", "nats.aio.client", "error")
    assert "hunter2" not in json.dumps(record)


def test_the_level_is_obeyed(capsys: pytest.CaptureFixture[str]) -> None:
    observe.configure("test", "warning")
    observe.logger("here").info("small talk")
    observe.logger("here").warning("something")
    assert [record["event"] for record in _logged(capsys)] == ["something"]


def test_people_may_have_it_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    observe.configure("test", form="console")
    observe.logger("here").info("ready", password="hunter2")
    said = capsys.readouterr().err
    assert "ready" in said
    assert "hunter2" not in said
