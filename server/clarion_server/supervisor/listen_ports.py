"""Reserves the ports at which the processes of a service listen."""

from __future__ import annotations

import errno
import socket
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass

#: Holds the settings with the addresses, in the order in which they are announced: whoever starts the service waits for
#: the last one.
VARIABLES = {"metrics": "CLARION_METRICS_LISTEN", "http": "CLARION_HTTP_LISTEN", "grpc": "CLARION_LISTEN"}
_PORTS = range(65_536)


class PortTaken(Exception):
    """The service cannot listen at an address. The text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class ListenPort:
    protocol: str
    variable: str
    """Is the setting with its address."""
    address: str
    """Is host and port. The port is never 0."""
    slot: int | None
    """Is the process that listens there, and None when all of them share the port."""
    placeholders: tuple[socket.socket, ...]
    """They reserve the port. They do not listen, so they never receive a connection."""


def hold_all(settings: Mapping[str, str], processes: int) -> list[ListenPort]:
    """Reserves the ports of all processes. They share each port but that of metrics: there the first process gets the
    port of the setting, the second the next one, and so on. Raises PortTaken.
    """
    ports = []
    for protocol, variable in VARIABLES.items():
        address = settings.get(variable, "")
        if address and protocol == "metrics":
            ports += [hold(protocol, variable, _offset(address, slot), slot) for slot in range(processes)]
        elif address:
            ports.append(hold(protocol, variable, address))
    return ports


def hold(protocol: str, variable: str, address: str, slot: int | None = None) -> ListenPort:
    """Reserves a port. Raises PortTaken."""
    host, _, port = address.rpartition(":")
    try:
        with ExitStack() as undo:
            found = socket.getaddrinfo(
                host.strip("[]"), _number(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )
            first = undo.enter_context(_placeholder(found[0][0], found[0][4]))
            number = first.getsockname()[1]
            others = []
            for family, _, _, _, name in found[1:]:
                # `localhost` stands for an IPv6 address that a machine without IPv6 does not have.
                with suppress(OSError):
                    others.append(undo.enter_context(_placeholder(family, (name[0], number, *name[2:]))))
            undo.pop_all()
    except (OSError, ValueError) as error:
        raise PortTaken(f"Cannot listen on {address}: {_reason(error)} Set {variable}.") from error
    return ListenPort(protocol, variable, f"{host}:{number}", slot, (first, *others))


def check_free(protocol: str, variable: str, address: str) -> None:
    """Raises PortTaken if this process could not listen there."""
    for placeholder in hold(protocol, variable, address).placeholders:
        placeholder.close()


def _offset(address: str, slot: int) -> str:
    host, _, port = address.rpartition(":")
    return address if port == "0" else f"{host}:{int(port) + slot}"


def _number(port: str) -> int:
    """Raises ValueError. Sockets would take the number modulo 65,536."""
    if (number := int(port)) not in _PORTS:
        raise ValueError
    return number


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return "another process listens there, or a connection has the port."
    return f"{error.strerror}." if isinstance(error, OSError) and error.strerror else "it is not a host and a port."


def _placeholder(family: int, name: tuple[object, ...]) -> socket.socket:
    _check_unused(family, name)
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        _set_options(made, family)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        made.bind(name)
    except BaseException:
        made.close()
        raise
    return made


def _check_unused(family: int, name: tuple[object, ...]) -> None:
    """Binds once without SO_REUSEPORT: sockets that share a port would share it with another service as well."""
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        _set_options(probe, family)
        probe.bind(name)


def _set_options(made: socket.socket, family: int) -> None:
    # Closed connections of an earlier service, in TIME_WAIT, do not take the port.
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
