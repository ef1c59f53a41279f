"""The drill: replicas, NATS and the exchange are killed, replicas frozen, connections broken, muted and rotated, holes torn,
one at a time and several at once. Afterwards every number of every stream was heard exactly once or told as missing, live and
by cursor, and the local books equal the exchange's.

`DRILL_S=600` in the environment makes it long, `DRILL_SEED` another one. Exempt is this and no more: after a death of NATS a
number may come again, in a range that is told (`filled`), and a listener that was cut off reads what the new server kept before
it was back; what a frozen replica sent last may come late, in a range that it tells on waking up (`.again`), though not to a
cursor.
"""

import asyncio
import json
import os
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from shared.runtime.nats_server import NatsServer
from tests.conftest import ConnectBus
from tests.stream_ingestion.drill import Drill

DRILL_S = float(os.environ.get("DRILL_S", "25"))
SEED = os.environ.get("DRILL_SEED", "7")
BOOKS_EVERY_S = 60.0


@pytest.mark.timeout(2 * DRILL_S + 300)
async def test_every_number_is_heard_once_or_told_as_missing_whatever_breaks(
    own_nats_server: NatsServer, connect_bus: ConnectBus, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bus, loop = await connect_bus(url=own_nats_server.url), asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        drill = Drill(bus, own_nats_server, tmp_path, stack, SEED)
        stack.callback(drill.write_logs, tmp_path)
        await drill.open()
        await drill.compare_books()
        reading = [asyncio.create_task(reader.run()) for reader in drill.readers]
        until, look_at = loop.time() + DRILL_S, loop.time() + BOOKS_EVERY_S
        while loop.time() < until or not drill.is_complete:
            await drill.round()
            if loop.time() >= look_at:
                await drill.compare_books()
                look_at = loop.time() + BOOKS_EVERY_S
        await drill.settle()
        for task in reading:
            task.cancel()
        await asyncio.gather(*reading, return_exceptions=True)
    with capsys.disabled():
        print(f"\ndrill of {DRILL_S:g} s, seed {SEED}:", json.dumps(drill.counts(), indent=1))
    found = drill.faults_found()
    assert not found, "\n".join(found[:40])
    assert all(account.heard for account in drill.accounts)
    assert drill.listener.told["filled over REST"]
