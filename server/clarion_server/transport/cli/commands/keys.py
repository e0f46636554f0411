"""`clarion keys`: creates, lists and revokes API keys."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter

from clarion_server.transport.cli.commands.lists import Limit, page_size, show_list
from clarion_server.transport.cli.commands.options import parse_members, split_words
from clarion_server.transport.cli.session import CurrentSession
from clarion_server.transport.cli.views import id_of, labels_of, moment, plain

keys = App(name="keys", help="Create, list and revoke API keys.")


@keys.command
def create(
    purpose: Annotated[str, Parameter(help="What the key is for. Lists show it.")],
    /,
    *,
    scopes: Annotated[
        tuple[str, ...],
        Parameter(("--scopes", "--scope"), help="What the key may do: author, approve, trigger, read, admin."),
    ],
    sandbox: Annotated[
        str, Parameter(help="The sandbox of the key. A new name creates a sandbox. Default: your sandbox.")
    ] = "",
    access_labels: Annotated[
        tuple[str, ...],
        Parameter(
            ("--access-labels", "--access-label"),
            help="The access labels that the key holds, such as eu: it sees what has no label but these.",
        ),
    ] = (),
    session: CurrentSession,
) -> None:
    """Create a key. Prints its secret on stdout, and nothing else there. The service cannot show it again.

    Separate several scopes, and several labels, with commas.
    """
    from clarion_client import Scope  # noqa: PLC0415 - gRPC takes longer to load than help to print

    new = session.client.keys.create(
        purpose,
        parse_members(Scope, scopes, "--scope"),
        sandbox=sandbox,
        access_labels=split_words(access_labels),
    )
    holds = f", access labels {', '.join(new.api_key.access_labels)}" if new.api_key.access_labels else ""
    session.output.inform(
        f"{new.api_key.name}, sandbox {new.api_key.sandbox}{holds}. Keep the secret: it is not shown again."
    )
    session.output.show(new.to_dict(), lambda: plain(new.secret))


@keys.command(name="list")
def list_keys(*, limit: Limit = 50, session: CurrentSession) -> None:
    """List keys, oldest first, revoked ones included, without their secrets."""
    columns = {
        "ID": lambda key: id_of(key.name),
        "SCOPES": lambda key: plain(",".join(scope.lower() for scope in key.scopes)),
        "SANDBOX": lambda key: plain(key.sandbox),
        "ACCESS LABELS": labels_of,
        "CREATED": lambda key: moment(key.create_time),
        "REVOKED": lambda key: moment(key.revoke_time),
        "PURPOSE": lambda key: plain(key.display_name, "strike" if key.revoke_time else ""),
    }
    show_list(session.output, session.client.keys.list(page_size=page_size(limit)), limit, columns)


@keys.command
def revoke(
    key: Annotated[str, Parameter(help="The id of the key, as `clarion keys list` shows it.")],
    /,
    *,
    session: CurrentSession,
) -> None:
    """Revoke a key. Services refuse it within seconds. This cannot be undone."""
    revoked = session.client.keys.revoke(key)
    session.output.show(revoked.to_dict(), lambda: plain(f"{revoked.name} ({revoked.display_name}) is revoked."))
