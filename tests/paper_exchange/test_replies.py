"""Replies that are kept are those of now, and no more of them than fit."""

from services.paper_exchange.replies import MAX_BYTES, MAX_REPLIES, Replies


def test_a_reply_is_made_again_when_what_it_tells_has_changed() -> None:
    replies, made = Replies(), list[int]()

    def body(version: int) -> bytes:
        made.append(version)
        return b"%d" % version

    told = [replies.get("key", version, lambda version=version: body(version)) for version in (1, 1, 2, 2)]

    assert told == [b"1", b"1", b"2", b"2"]
    assert (made, replies.size) == ([1, 2], 1)


def test_what_is_kept_is_bounded_in_number_and_in_bytes() -> None:
    replies = Replies()
    for number in range(MAX_REPLIES + 1):
        replies.get(number, 0, lambda: b"body")
    assert replies.size == len(b"body")

    body = bytes(MAX_BYTES // 4)
    for number in range(20):
        replies.get(("large", number), 0, lambda: body)
        assert replies.size <= MAX_BYTES
