"""`clarion allow-list`: the addresses and domains that alone are written to."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter
from rich.console import Group, RenderableType

from clarion_server.transport.cli.failures import CommandFailed
from clarion_server.transport.cli.session import CurrentSession, Session
from clarion_server.transport.cli.views import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clarion_client import AllowList

allow_list = App(name="allow-list", help="Write to certain addresses and domains alone, as in a test environment.")

Entry = Annotated[str, Parameter(help="Addresses, domains such as example.com, or *.example.com for all below it.")]


@allow_list.command
def show(*, session: CurrentSession) -> None:
    """Show the allow list of the sandbox."""
    _show(session, session.client.allow_list.get())


@allow_list.command
def enable(*, session: CurrentSession) -> None:
    """Write to nobody but the entries, from now on. Without entries that is nobody."""
    stored = session.client.allow_list.get()
    _change(session, dataclasses.replace(stored, enabled=True))


@allow_list.command
def disable(*, session: CurrentSession) -> None:
    """Write to everybody again. The entries stay."""
    stored = session.client.allow_list.get()
    _change(session, dataclasses.replace(stored, enabled=False))


@allow_list.command
def add(*entries: Entry, session: CurrentSession) -> None:
    """Add entries. Those that are there already stay."""
    stored = session.client.allow_list.get()
    new = tuple(entry for entry in dict.fromkeys(_given(entries)) if entry not in stored.entries)
    _change(session, dataclasses.replace(stored, entries=(*stored.entries, *new)))


@allow_list.command
def remove(*entries: Entry, session: CurrentSession) -> None:
    """Remove entries, written as the list shows them."""
    stored = session.client.allow_list.get()
    missing = [entry for entry in _given(entries) if entry not in stored.entries]
    if missing:
        raise CommandFailed(f"The list does not have {', '.join(missing)}.", hint="See clarion allow-list show.")
    _change(session, dataclasses.replace(stored, entries=tuple(e for e in stored.entries if e not in entries)))


def _given(entries: Sequence[str]) -> Sequence[str]:
    if not entries:
        raise CommandFailed("Name at least one address or domain.")
    return entries


def _change(session: Session, changed: AllowList) -> None:
    _show(session, session.client.allow_list.update(changed))


def _show(session: Session, shown: AllowList) -> None:
    session.output.show(shown.to_dict(), lambda: _view(shown))


def _view(shown: AllowList) -> RenderableType:
    state = plain("Enabled: nothing is sent to others than these.", "yellow")
    if not shown.enabled:
        state = plain("Disabled: everything may be sent.", "green")
    elif not shown.entries:
        state = plain("Enabled and empty: nothing is sent.", "red")
    return Group(state, *map(plain, shown.entries))
