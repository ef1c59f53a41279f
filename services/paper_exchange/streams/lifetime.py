"""How long a connection lives, over whichever address it came: its end, and the notice of it."""

import asyncio
from collections.abc import Callable

from services.paper_exchange.streams.socket import Socket

NOTICE_S = 600.0
"""So long before its end a connection is told of it (of a short life, half of it)."""
_GOING_AWAY = 1001


def end_after(socket: Socket, life_s: float, announce: Callable[[], None]) -> list[asyncio.TimerHandle]:
    """End the connection when it is so old, and announce it before; the timers, to cancel when it ends earlier."""
    loop = asyncio.get_running_loop()
    return [
        loop.call_later(life_s - min(NOTICE_S, life_s / 2), announce),
        loop.call_later(life_s, socket.end, _GOING_AWAY),
    ]
