"""Reserves the ports of several processes."""

from __future__ import annotations

import socket
import sys
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from clarion_server import supervisor
from clarion_server.supervisor.listen_ports import ListenPort, PortTaken, hold, hold_all

from tests.ports import free_port, is_free


def held(undo: ExitStack, address: str) -> ListenPort:
    port = hold("grpc", "CLARION_LISTEN", address)
    for placeholder in port.placeholders:
        undo.enter_context(placeholder)
    return port


def number_of(port: ListenPort) -> int:
    return int(port.address.rpartition(":")[2])


def test_port_0_becomes_one_port_that_sockets_may_share() -> None:
    with ExitStack() as undo:
        number = number_of(held(undo, "127.0.0.1:0"))
        for _ in range(2):
            listening = undo.enter_context(closing(socket.socket()))
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            listening.bind(("127.0.0.1", number))
            listening.listen()


def test_a_reserved_port_accepts_no_connection() -> None:
    with ExitStack() as undo, pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", number_of(held(undo, "127.0.0.1:0"))))


def test_closed_connections_of_an_earlier_service_do_not_take_its_port() -> None:
    with closing(socket.socket()) as earlier:
        earlier.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        earlier.bind(("127.0.0.1", 0))
        earlier.listen()
        port = earlier.getsockname()[1]
        with closing(socket.create_connection(("127.0.0.1", port))):
            # The side that closes first keeps the connection in TIME_WAIT for a minute.
            earlier.accept()[0].close()
    with ExitStack() as undo:
        assert number_of(held(undo, f"127.0.0.1:{port}")) == port


def test_the_address_keeps_the_name_of_the_host() -> None:
    with ExitStack() as undo:
        assert held(undo, "localhost:0").address.startswith("localhost:")


def test_each_process_has_a_port_of_its_own_for_metrics_and_shares_the_others() -> None:
    with ExitStack() as undo:
        first = next(port for port in iter(free_port, None) if is_free(port + 1))
        settings = {"CLARION_LISTEN": "127.0.0.1:0", "CLARION_METRICS_LISTEN": f"127.0.0.1:{first}"}
        ports = hold_all(settings, processes=2)
        for placeholder in (each for port in ports for each in port.placeholders):
            undo.enter_context(placeholder)
        assert [(port.protocol, port.slot) for port in ports] == [("metrics", 0), ("metrics", 1), ("grpc", None)]
        assert [number_of(port) for port in ports[:2]] == [first, first + 1]


def test_port_0_for_metrics_becomes_a_free_port_for_each_process() -> None:
    with ExitStack() as undo:
        ports = hold_all({"CLARION_METRICS_LISTEN": "127.0.0.1:0"}, processes=3)
        for placeholder in (each for port in ports for each in port.placeholders):
            undo.enter_context(placeholder)
        assert len({number_of(port) for port in ports}) == 3


def test_a_port_that_another_service_shares_is_taken() -> None:
    with closing(socket.socket()) as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        reason = "another process listens there, or a connection has the port"
        with pytest.raises(PortTaken, match=rf"^Cannot listen on 127.0.0.1:{port}: {reason}. Set CLARION_LISTEN.$"):
            hold("grpc", "CLARION_LISTEN", f"127.0.0.1:{port}")


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.1:http", "127.0.0.1:70000", "no.such.host.invalid:50051"])
def test_an_address_that_this_machine_does_not_have_is_refused(address: str) -> None:
    with pytest.raises(PortTaken, match=f"^Cannot listen on {address}: .* Set CLARION_LISTEN.$"):
        hold("grpc", "CLARION_LISTEN", address)


def test_the_supervisor_loads_nothing_but_the_standard_library() -> None:
    package = Path(supervisor.__path__[0])
    imports = {
        line.split()[1].partition(".")[0]
        for file in package.glob("*.py")
        for line in file.read_text().splitlines()
        if line.startswith(("import ", "from "))
    }
    assert "socket" in imports
    assert imports <= sys.stdlib_module_names | {"clarion_server"}
