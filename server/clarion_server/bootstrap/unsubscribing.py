"""Wires the component behind the links in mails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from clarion_server.adapters.rendering.languages.locale_data import locale_data
from clarion_server.application.consent.recording import ConsentRecorder
from clarion_server.application.group_commit import GroupCommit
from clarion_server.application.unsubscribing.unsubscribing import Unsubscribing
from clarion_server.bootstrap.core import Core
from clarion_server.config import Settings

if TYPE_CHECKING:
    from starlette.routing import BaseRoute


@dataclass(frozen=True, slots=True)
class UnsubscribePages:
    commits: GroupCommit
    """Holds those of what people store. They are drained before the store is closed."""
    routes: list[BaseRoute]
    """Is None where mails have no links to them."""


def wire_unsubscribing(settings: Settings, core: Core) -> UnsubscribePages:
    commits = GroupCommit(core.transactions, core.commit_signal.commit_happened, settings.pending_limit)
    if core.links is None:
        return UnsubscribePages(commits, [])
    from clarion_server.transport.http.unsubscribing import UnsubscribeRoutes  # noqa: PLC0415 - only when asked for

    recorder = ConsentRecorder(core.clock, core.ids)
    unsubscribing = Unsubscribing(
        core.transactions, commits, core.identities, recorder, core.clock, locale_data(), core.address_hashes.hasher
    )
    return UnsubscribePages(commits, UnsubscribeRoutes(core.links.public_url, core.links.tokens, unsubscribing).routes)
