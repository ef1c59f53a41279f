"""Every reply is a result or an error of our tree; what may have been executed is never called failed."""

import pytest

from shared.binance import replies
from shared.binance.replies import CancelReplaceFailed
from shared.binance.transport import Lost, NotSent, Reply
from shared.contract.account.operations import CreateListenKey
from shared.contract.errors import Denied, Invalid, OutcomeUnknown, RateLimited, Rejected, ServiceError, Unavailable
from shared.contract.market.operations import Depth
from shared.contract.trading.operations import CancelOrder, CancelReplaceOrder, CheckOrder, PlaceOrder

READ, ORDER, CANCEL, TEST = Depth.spec, PlaceOrder.spec, CancelOrder.spec, CheckOrder.spec
HTML = b"<html><title>403 ERROR</title>secret?signature=abc</html>"


def body(code: int, msg: str = "text") -> bytes:
    return b'{"code":%d,"msg":"%b"}' % (code, msg.encode())


@pytest.mark.parametrize(
    ("status", "content", "read", "order"),
    [
        (400, body(-1121), Invalid, Invalid),
        (400, body(-1013, "Filter failure: LOT_SIZE"), Rejected, Rejected),
        (400, body(-2010, "Duplicate order sent."), Rejected, Rejected),
        (400, body(-2011, "Unknown order sent."), Rejected, Rejected),
        (400, body(-99999), Rejected, Rejected),
        (401, body(-2015), Denied, Denied),
        (400, body(-1022), Denied, Denied),
        (429, body(-1003), RateLimited, RateLimited),
        (418, body(-1003), RateLimited, RateLimited),
        (429, body(-1015), RateLimited, RateLimited),
        (429, HTML, RateLimited, RateLimited),
        (418, b"", RateLimited, RateLimited),
        (500, body(-1000), Unavailable, OutcomeUnknown),
        (500, body(-1001), Unavailable, OutcomeUnknown),
        (400, body(-1006), Unavailable, OutcomeUnknown),
        (400, body(-1007), Unavailable, OutcomeUnknown),
        (504, body(-1007), Unavailable, OutcomeUnknown),
        (503, HTML, Unavailable, OutcomeUnknown),
        (502, b"", Unavailable, OutcomeUnknown),
        (200, HTML, Unavailable, OutcomeUnknown),
        (200, b'{"orderId":12', Unavailable, OutcomeUnknown),
        (200, b"", Unavailable, OutcomeUnknown),
        (302, b"", Unavailable, OutcomeUnknown),
        (403, HTML, Denied, Denied),
        (404, HTML, Rejected, Rejected),
    ],
)
def test_what_a_reply_means(status: int, content: bytes, read: type[ServiceError], order: type[ServiceError]):
    reply = Reply(status, content)
    for spec, expected in ((READ, read), (TEST, read), (ORDER, order), (CANCEL, order)):
        with pytest.raises(ServiceError) as told:
            replies.result(spec, reply)
        assert type(told.value) is expected
        assert told.value.hint
        assert "html" not in f"{told.value.message}{told.value.hint}".lower()


def test_an_error_keeps_the_exchanges_code_and_text():
    error = replies.error(ORDER, Reply(400, body(-2010, "Account has insufficient balance for requested action.")))

    assert (error.code, error.message) == (-2010, "Account has insufficient balance for requested action.")


def test_a_result_is_the_exchanges_own_bytes():
    content = b'{ "lastUpdateId" : 1, "new_field":"\xc3\xa4" }'

    assert replies.result(READ, Reply(200, content)) is content


@pytest.mark.parametrize(
    ("spec", "failure", "expected"),
    [
        (READ, NotSent("no connection."), Unavailable),
        (ORDER, NotSent("no connection."), Unavailable),
        (READ, Lost("no answer.", broken=False), Unavailable),
        (TEST, Lost("no answer.", broken=False), Unavailable),
        (ORDER, Lost("no answer.", broken=False), OutcomeUnknown),
        (CANCEL, Lost("no answer.", broken=True), OutcomeUnknown),
    ],
)
def test_only_what_left_can_have_an_unknown_outcome(spec: replies.Spec, failure: NotSent | Lost, expected: type[ServiceError]):
    assert type(replies.undelivered(spec, failure)) is expected


def test_a_lost_order_is_never_told_to_be_sent_again():
    hint = replies.undelivered(ORDER, Lost("no answer.", broken=True)).hint

    assert "status" in hint
    assert "retry" not in hint.lower()


HALF = (
    b'{"code":-2021,"msg":"Order cancel-replace partially failed.","data":{"cancelResult":"SUCCESS","newOrderResult":"FAILURE",'
    b'"cancelResponse":{"symbol":"BTCUSDT","orderId":4},"newOrderResponse":{"code":%d,"msg":"text"}}}'
)


def test_a_half_done_cancel_and_replace_tells_both_halves():
    error = replies.error(CancelReplaceOrder.spec, Reply(409, HALF % -2010))

    assert isinstance(error, CancelReplaceFailed)
    assert error.code == -2021
    assert error.data.startswith(b'{"cancelResult":"SUCCESS"')


def test_a_cancel_and_replace_whose_new_half_timed_out_is_unknown():
    assert isinstance(replies.error(CancelReplaceOrder.spec, Reply(409, HALF % -1007)), OutcomeUnknown)


def test_a_retired_operation_names_what_replaced_it():
    ended = replies.ended(CreateListenKey.spec)

    assert ended is not None
    assert "userDataStream.subscribe.signature" in ended.hint
    assert replies.ended(ORDER) is None
