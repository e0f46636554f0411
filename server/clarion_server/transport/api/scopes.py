"""The scopes of a method of the contract, of which a caller needs one. The option `access` of its RPC says them."""

from __future__ import annotations

from clarion.v1 import access_pb2
from google.protobuf.descriptor import MethodDescriptor

from clarion_server.domain.access.access import Scope
from clarion_server.transport.api.convert.enums import SCOPE


def scopes_of(method: MethodDescriptor) -> frozenset[Scope]:
    """Returns the scopes. `admin` allows everything in its sandbox (`Caller.has_any`), and is among them only where no
    other one is.

    Raises ValueError for a method without the option, so that nobody serves it by mistake.
    """
    numbers = method.GetOptions().Extensions[access_pb2.access].scopes
    scopes = frozenset(scope for scope in map(SCOPE.member, numbers) if scope is not None)
    if not scopes:
        raise ValueError(f"{method.full_name} does not say which scopes it needs")
    return scopes
