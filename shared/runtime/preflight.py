"""Does the server fit? Asked once at start, before anything relies on it.

Two things have to hold: nats-server 2.12 or newer, and acknowledgement subjects of nine tokens. With the feature flag
`js_ack_fc_v2` (announced to become the default) they have more, and nats-py 2.16 ends its read loop on the first delivery of
an ordered consumer or key-value watch while it still calls itself connected.
"""

import asyncio

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy, StorageType

from shared.runtime.observe import logger

OLDEST = (2, 12)
ACK_TOKENS = 9
STREAM = "binance_preflight"
SUBJECT = "binance_preflight.probe"
TIMEOUT_S = 2.0
_log = logger("runtime.preflight")


async def unfitness(nc: Client, jetstream: JetStreamContext, forbidden: asyncio.Event) -> str:
    """What is wrong with the server, empty when nothing is.

    Where there is no JetStream, or our user may not ask it (`forbidden` is set then), only the version is judged.
    """
    version = nc.connected_server_version
    if (version.major, version.minor) < OLDEST:
        return f"it is {version}, {OLDEST[0]}.{OLDEST[1]} or newer is needed."
    asking = asyncio.create_task(_ack_tokens(nc, jetstream))
    refused = asyncio.create_task(forbidden.wait())
    await asyncio.wait({asking, refused}, timeout=TIMEOUT_S, return_when=asyncio.FIRST_COMPLETED)
    refused.cancel()
    if not asking.done():
        asking.cancel()
        await asyncio.wait({asking})
    problem = "not allowed or no answer" if asking.cancelled() else asking.exception()
    if problem is not None:
        _log.warning("preflight of JetStream left out", reason=str(problem) or type(problem).__name__)
        return ""
    if (tokens := asking.result()) != ACK_TOKENS:
        return f"acknowledgement subjects have {tokens} tokens; configure it with feature_flags {{ js_ack_fc_v2: false }}."
    return ""


async def _ack_tokens(nc: Client, jetstream: JetStreamContext) -> int:
    """Tokens of the reply subject of a delivery from a stream of one message."""
    await jetstream.add_stream(  # pyright: ignore[reportUnknownMemberType]
        name=STREAM, subjects=[SUBJECT], storage=StorageType.MEMORY, max_msgs=1, description="Asked by services at start."
    )
    await jetstream.publish(SUBJECT, b"", stream=STREAM, timeout=TIMEOUT_S)
    delivered: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def deliver(message: Msg) -> None:
        if not delivered.done():
            delivered.set_result(message.reply)

    inbox = nc.new_inbox()
    subscription = await nc.subscribe(inbox, cb=deliver)  # pyright: ignore[reportUnknownMemberType]
    try:
        await jetstream.add_consumer(  # pyright: ignore[reportUnknownMemberType]
            STREAM,
            ConsumerConfig(
                deliver_subject=inbox,
                deliver_policy=DeliverPolicy.LAST,
                ack_policy=AckPolicy.NONE,
                inactive_threshold=5,
                mem_storage=True,
            ),
        )
        return len((await delivered).split("."))
    finally:
        await subscription.unsubscribe()
