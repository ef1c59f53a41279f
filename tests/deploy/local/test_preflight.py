"""What would keep the platform from running is told in one line each, before anything is started."""

import os
import socket
from pathlib import Path

import pytest

from deploy.local.part import Listener, Part
from deploy.local.ports import free_port
from deploy.local.preflight import CannotRun, check_ports, hold


def part(name: str, port: int) -> Part:
    return Part(
        name=name,
        command=("true",),
        listeners=(Listener("127.0.0.1", port, f"BINANCE_{name.upper()}_PORT"),),
        ready_host="127.0.0.1",
        ready_port=port,
        ready_path="/ready",
        where="",
        about="",
    )


def test_a_busy_port_is_told_with_its_holder_and_the_setting_that_moves_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        with pytest.raises(CannotRun) as refusal:
            check_ports([part("gateway", port)])
    line = str(refusal.value)
    assert line.startswith(f"Port {port} (gateway) is held by ")
    assert f"(process {os.getpid()})" in line
    assert line.endswith("set BINANCE_GATEWAY_PORT.")
    assert "\n" not in line


def test_two_parts_on_one_port_are_told() -> None:
    port = free_port("127.0.0.1")
    with pytest.raises(CannotRun, match=f"b and a both want port {port}: set BINANCE_B_PORT"):
        check_ports([part("a", port), part("b", port)])


def test_free_ports_are_no_problem() -> None:
    check_ports([part("a", free_port("127.0.0.1")), part("b", free_port("127.0.0.1"))])


def test_a_folder_holds_one_platform_at_a_time(tmp_path: Path) -> None:
    first = hold(tmp_path)
    with pytest.raises(CannotRun, match="BINANCE_RUN_FOLDER"):
        hold(tmp_path)
    os.close(first)
    os.close(hold(tmp_path))
