"""The addresses at which all processes of a service are found."""

from __future__ import annotations

import errno
import socket
from contextlib import ExitStack, suppress
from dataclasses import dataclass

#: The settings that hold addresses, in the order in which they are told: whoever starts the service waits for the last.
DOORS = {"metrics": "CLARION_METRICS_LISTEN", "http": "CLARION_HTTP_LISTEN", "grpc": "CLARION_LISTEN"}


class PortTaken(Exception):
    """Somebody else listens there, or nobody may. The text says what to do."""


@dataclass(frozen=True, slots=True)
class Door:
    protocol: str
    variable: str
    """The setting that holds its address."""
    address: str
    """Host and port, never 0."""
    placeholders: tuple[socket.socket, ...]
    """Hold the port. They do not listen, so no connection ever comes to them."""


def hold(protocol: str, variable: str, address: str) -> Door:
    """Raises PortTaken."""
    host, _, port = address.rpartition(":")
    try:
        with ExitStack() as undo:
            found = socket.getaddrinfo(
                host.strip("[]"), _number(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )
            first = undo.enter_context(_placeholder(found[0][0], found[0][4]))
            number = first.getsockname()[1]
            others = []
            for family, _, _, _, place in found[1:]:
                # A name may stand for an address that this machine does not have, as `localhost` does without IPv6.
                with suppress(OSError):
                    others.append(undo.enter_context(_placeholder(family, (place[0], number, *place[2:]))))
            undo.pop_all()
    except (OSError, ValueError) as error:
        raise PortTaken(f"Cannot listen on {address}: {_reason(error)} Set {variable}.") from error
    return Door(protocol, variable, f"{host}:{number}", (first, *others))


def refuse_taken(protocol: str, variable: str, address: str) -> None:
    """Raises PortTaken. For a process that is about to listen there by itself."""
    for placeholder in hold(protocol, variable, address).placeholders:
        placeholder.close()


def _number(port: str) -> int:
    """Raises ValueError. Sockets would take the number modulo 65,536."""
    if not 0 <= (number := int(port)) < 65_536:  # noqa: PLR2004 - the docstring says it
        raise ValueError
    return number


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return "another process is there."
    return f"{error.strerror}." if isinstance(error, OSError) and error.strerror else "it is no host and port."


def _placeholder(family: int, place: tuple[object, ...]) -> socket.socket:
    _refuse_taken(family, place)
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        _make_exact(made, family)
        _allow_leftovers(made)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        made.bind(place)
    except BaseException:
        made.close()
        raise
    return made


def _refuse_taken(family: int, place: tuple[object, ...]) -> None:
    """Sockets that share their port would share it with those of another service as well."""
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        _make_exact(probe, family)
        _allow_leftovers(probe)
        probe.bind(place)


def _allow_leftovers(made: socket.socket) -> None:
    """What is left of closed connections is no reason to wait."""
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)


def _make_exact(made: socket.socket, family: int) -> None:
    if family == socket.AF_INET6:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
