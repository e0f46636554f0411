"""Wires the component that knows the callers."""

from __future__ import annotations

from dataclasses import dataclass

from clarion_server.application.access.api_keys import ManageApiKeys
from clarion_server.application.access.authentication import KeyAuthenticator
from clarion_server.bootstrap.core import Core


@dataclass(frozen=True, slots=True)
class Access:
    keys: ManageApiKeys
    authenticator: KeyAuthenticator


def wire_access(core: Core) -> Access:
    authenticator = KeyAuthenticator(core.transactions, core.clock)
    return Access(ManageApiKeys(core.transactions, core.clock, core.ids, authenticator.invalidate), authenticator)
