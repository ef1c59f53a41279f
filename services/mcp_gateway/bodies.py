"""Bodies of requests that are looked at before the SDK's app gets them."""

from starlette.types import Message, Receive


async def read(receive: Receive) -> bytes | None:
    """The whole body, or None when the caller hung up before its end."""
    chunks: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        chunks.append(message.get("body", b""))
        if not message.get("more_body"):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def replay(body: bytes, receive: Receive) -> Receive:
    """A receive that gives the body that was read once more, and then what comes."""
    unread = [body]

    async def again() -> Message:
        return {"type": "http.request", "body": unread.pop(), "more_body": False} if unread else await receive()

    return again
