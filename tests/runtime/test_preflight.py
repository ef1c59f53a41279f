"""A server that nats-py cannot live with is refused at the start, not found out later."""

import asyncio
from pathlib import Path

import pytest

from shared.runtime.bus import Bus, BusUnavailable
from shared.runtime.clock import monotonic
from shared.runtime.link import Address
from shared.runtime.nats_server import NatsServer, configuration


async def test_a_server_with_acknowledgements_of_version_2_is_refused_with_the_remedy(tmp_path: Path) -> None:
    with (
        NatsServer(tmp_path, more="feature_flags { js_ack_fc_v2: true }") as server,
        pytest.raises(BusUnavailable, match=r"js_ack_fc_v2: false"),
    ):
        await Bus.connect(Address(urls=(server.url,)), wait_s=5)


async def test_a_user_who_may_not_ask_jetstream_is_not_kept_waiting(tmp_path: Path) -> None:
    users = 'authorization { users: [ { user: "gateway", password: "pw", permissions: { publish: { deny: ["$JS.>"] } } } ] }'
    with NatsServer(tmp_path, more=users) as server:
        started = monotonic()
        bus = await Bus.connect(Address(urls=(server.url,), user="gateway", password="pw"), wait_s=5)
        assert monotonic() - started < 1
        await bus.close()


async def test_many_processes_may_ask_at_once(nats_server: NatsServer) -> None:
    buses = await asyncio.gather(*(Bus.connect(Address(urls=(nats_server.url,)), wait_s=5) for _ in range(5)))
    for bus in buses:
        await bus.close()


def test_our_own_configuration_has_what_the_measurements_ask_for(tmp_path: Path) -> None:
    text = configuration(tmp_path)
    for line in ("js_ack_fc_v2: false", "no_fast_producer_stall: true", 'write_deadline: "2s"', "max_payload: 8MB"):
        assert line in text
