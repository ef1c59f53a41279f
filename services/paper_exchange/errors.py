"""A refusal as the exchange words it: code, text, and the HTTP status that goes with both."""

from typing import Any

from msgspec import json

from shared.contract.exchange_errors import ERRORS, message


class Refused(Exception):
    """The exchange says no; `msg` and `status` are of its own making."""

    def __init__(self, code: int, msg: str, *, status: int = 400, data: Any = None, retry_after_s: int | None = None) -> None:
        super().__init__(msg)
        self.code = code
        self.msg = msg
        self.status = status
        self.data = data
        """`data` of the error, where there is one (of REST: cancelReplace; of the WebSocket API also limits)."""
        self.retry_after_s = retry_after_s

    def body(self, *, with_data: bool = True) -> bytes:
        """The error object: of a REST reply the whole body, of the WebSocket API its `error`."""
        error: dict[str, Any] = {"code": self.code, "msg": self.msg}
        if with_data and self.data is not None:
            error["data"] = self.data
        return json.encode(error)


class Gone(Refused):
    """Given up: the web server answers before the exchange does (410 over REST, no such method over the WebSocket API)."""

    def __init__(self) -> None:
        super().__init__(-1020, message(-1020))


def refused(code: int, *values: object, like: str = "", status: int | None = None) -> Refused:
    """The refusal of a code, with the exchange's text for so many values."""
    return Refused(code, message(code, *values, like=like), status=status or ERRORS[code].status)
