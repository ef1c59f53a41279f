"""WebSocket frames as a server sends them: whole, unmasked, so that one serves every reader. (RFC 6455, section 5.2.)"""

_TEXT = 0x81
_SHORT, _MIDDLE = 126, 127
_MAX_MIDDLE = 1 << 16


def text_frame(payload: bytes) -> bytes:
    """The frame of a text message."""
    length = len(payload)
    if length < _SHORT:
        return bytes((_TEXT, length)) + payload
    if length < _MAX_MIDDLE:
        return bytes((_TEXT, _SHORT)) + length.to_bytes(2, "big") + payload
    return bytes((_TEXT, _MIDDLE)) + length.to_bytes(8, "big") + payload
