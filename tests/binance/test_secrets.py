"""No secret, API key or signature is in any error, log or repr, at whatever level one logs."""

import logging
import traceback

import pytest

from shared.binance.client import TransportName
from shared.binance.transport import Request
from shared.contract.errors import ServiceError
from tests.binance import vectors
from tests.binance.conftest import Connect
from tests.binance.exchange import Answer, ScriptedExchange, refusal
from tests.binance.words import HMAC, ORDER, within

ANSWERS = (
    Answer(act="drop"),
    Answer(act="garbage"),
    Answer(b'"<html>"', 403),
    Answer(b'"oops"', 500),
    Answer(b'"cut', 200),
    refusal(-1022, "Signature for this request is not valid."),
    refusal(-1021, "Timestamp for this request is outside of the recvWindow."),
    Answer(),
)


@pytest.mark.parametrize("transport", ["rest", "ws_api"])
async def test_whatever_the_exchange_answers_nothing_secret_is_told(
    exchange: ScriptedExchange, connect: Connect, caplog: pytest.LogCaptureFixture, transport: TransportName
):
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpcore", "websockets", "websockets.client"):
        caplog.set_level(logging.DEBUG, logger=name)
    client = connect(transport, key=HMAC)
    texts: list[str] = []

    for answer in ANSWERS:
        exchange.script("order.place", answer)
        try:
            await client.call(ORDER, deadline_ms=within(2))
        except ServiceError as error:
            texts += [repr(error), repr(error.body), "".join(traceback.format_exception(error)), repr(error.__context__)]
    texts += [
        caplog.text,
        repr(client.key),
        repr(Request(ORDER, 1.0, HMAC, 1)),
        repr(vars(client)),
        repr(vars(client.transport)),
    ]

    signatures = [asked.params["signature"] for asked in exchange.asked if "signature" in asked.params]
    assert len(signatures) >= len(ANSWERS)
    for secret in (vectors.HMAC_SECRET, vectors.HMAC_API_KEY, *signatures):
        assert not [text for text in texts if secret in text]
