"""Implements `clarion renew-keys`, which works on the store itself, beside a service that may be running.

The command line imports this module only when the command runs, as it loads most of the service.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

from cyclopts import Parameter
from rich.text import Text

from clarion_server.bootstrap import CannotStart
from clarion_server.bootstrap.normalisers import renew_keys as renew_keys_of
from clarion_server.config import Settings
from clarion_server.domain.people.key_renewal import FoundKey, FoundKind, Renewal
from clarion_server.transport.cli.exits import Exit
from clarion_server.transport.cli.failures import CommandFailed
from clarion_server.transport.cli.output import Output
from clarion_server.transport.cli.session import CurrentSession
from clarion_server.transport.cli.views import plain, state


def renew_keys(
    *,
    store: Annotated[
        str | None, Parameter(env_var="CLARION_STORE", help="The store of the service, as `clarion serve` takes it.")
    ] = None,
    session: CurrentSession,
) -> Exit:
    """Renews the keys of a store. `RENEW_KEYS_HELP` says more."""
    settings = Settings() if store is None else Settings(store=store)

    def report(found: Sequence[FoundKey]) -> None:
        for each in found:
            _tell(session.output, each)

    try:
        renewal = asyncio.run(renew_keys_of(settings.store, report))
    except CannotStart as error:
        raise CommandFailed(str(error)) from error
    session.output.inform(_summary(renewal))
    return Exit.BAD_NEWS if renewal is not None and renewal.collisions else Exit.OK


def _tell(output: Output, found: FoundKey) -> None:
    output.show_line(
        {name: str(value) for name, value in asdict(found).items()},
        lambda: Text.assemble(state(found.kind), "  ", plain(_story(found))),
    )


def _story(found: FoundKey) -> str:
    if found.kind is FoundKind.COLLISION:
        return f"{found.identity} of {found.profile} in {found.sandbox} would be the same as one of {found.owner}"
    return f"{found.identity} of {found.profile} in {found.sandbox} is no identity of its namespace any more"


def _summary(renewal: Renewal | None) -> str:
    if renewal is None:
        return "All keys were made by what this version has. Nothing is to be done."
    done = f"{renewal.seen} keys looked at, {renewal.changed} changed, {renewal.unreadable} unreadable."
    if not renewal.collisions:
        return f"{done} The store has the keys of this version."
    return f"{done} {renewal.collisions} collide: merge these people, or take the identity from one, and run it again."
