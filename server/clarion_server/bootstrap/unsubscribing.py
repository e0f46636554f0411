"""Wires the component behind the links in mails."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clarion_server.application.consent.recording import ConsentRecorder
from clarion_server.application.unsubscribing.unsubscribing import Unsubscribing
from clarion_server.bootstrap.core import Core

if TYPE_CHECKING:
    from starlette.routing import BaseRoute


def unsubscribe_routes(core: Core) -> list[BaseRoute]:
    """Returns the routes of the pages; none where mails have no links to them."""
    if core.links is None:
        return []
    from clarion_server.transport.http.unsubscribing import UnsubscribeRoutes  # noqa: PLC0415 - only when asked for

    recorder = ConsentRecorder(core.clock, core.ids)
    unsubscribing = Unsubscribing(core.transactions, core.identities, recorder, core.clock)
    return UnsubscribeRoutes(core.links.public_url, core.links.tokens, unsubscribing).routes
