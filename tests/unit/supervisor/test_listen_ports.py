"""Ports that several processes are going to share."""

from __future__ import annotations

import socket
import sys
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from clarion_server import supervisor
from clarion_server.supervisor.listen_ports import Door, PortTaken, hold


def held(undo: ExitStack, address: str) -> Door:
    door = hold("grpc", "CLARION_LISTEN", address)
    for placeholder in door.placeholders:
        undo.enter_context(placeholder)
    return door


def port_of(door: Door) -> int:
    return int(door.address.rpartition(":")[2])


def test_port_0_becomes_one_port_that_sockets_may_share() -> None:
    with ExitStack() as undo:
        port = port_of(held(undo, "127.0.0.1:0"))
        for _ in range(2):
            listening = undo.enter_context(closing(socket.socket()))
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            listening.bind(("127.0.0.1", port))
            listening.listen()


def test_no_connection_comes_to_what_only_holds_the_port() -> None:
    with ExitStack() as undo, pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port_of(held(undo, "127.0.0.1:0"))))


def test_what_is_left_of_connections_of_an_earlier_service_does_not_take_its_port() -> None:
    with closing(socket.socket()) as earlier:
        earlier.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        earlier.bind(("127.0.0.1", 0))
        earlier.listen()
        port = earlier.getsockname()[1]
        with closing(socket.create_connection(("127.0.0.1", port))):
            # Who closes first keeps the connection in mind for a minute.
            earlier.accept()[0].close()
    with ExitStack() as undo:
        assert port_of(held(undo, f"127.0.0.1:{port}")) == port


def test_a_name_keeps_its_place_in_the_address() -> None:
    with ExitStack() as undo:
        assert held(undo, "localhost:0").address.startswith("localhost:")


def test_a_port_that_another_service_shares_is_taken() -> None:
    with closing(socket.socket()) as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(
            PortTaken, match=rf"^Cannot listen on 127.0.0.1:{port}: another process is there. Set CLARION_LISTEN.$"
        ):
            hold("grpc", "CLARION_LISTEN", f"127.0.0.1:{port}")


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.1:http", "127.0.0.1:70000", "no.such.host.invalid:50051"])
def test_what_is_no_address_of_this_machine_is_told(address: str) -> None:
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
