"""`clarion namespaces`: what identities of a namespace are compared by."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter

from clarion_server.transport.cli.commands.lists import Limit, page_size, show_list
from clarion_server.transport.cli.commands.options import parse_members
from clarion_server.transport.cli.commands.resources import show_deleted
from clarion_server.transport.cli.failures import CommandFailed
from clarion_server.transport.cli.session import CurrentSession
from clarion_server.transport.cli.views import id_of, plain

NamespaceName = Annotated[str, Parameter(help="The namespace, such as crm: what its identities begin with.")]
DisplayName = Annotated[str, Parameter(help="What people call it.")]

namespaces = App(name="namespaces", help="List, create, rename and delete namespaces of identities.")


@namespaces.command(name="list")
def list_namespaces(*, limit: Limit = 50, session: CurrentSession) -> None:
    """List the namespaces by name, those that are built in among them."""
    columns = {
        "ID": lambda namespace: id_of(namespace.name),
        "NORMALISATION": lambda namespace: plain(namespace.normalisation),
        "REGION": lambda namespace: plain(namespace.default_region or "-"),
        "BUILT IN": lambda namespace: plain("yes" if namespace.built_in else "-"),
        "NAME": lambda namespace: plain(namespace.display_name),
    }
    pager = session.client.identity_namespaces.list(page_size=page_size(limit))
    show_list(session.output, pager, limit, columns)


@namespaces.command(name="create")
def create_namespace(
    namespace: NamespaceName,
    /,
    *,
    normalisation: Annotated[
        str, Parameter(help="What makes two identities the same: exact, lower, email or phone.")
    ] = "exact",
    default_region: Annotated[
        str, Parameter(help="The region of phone numbers without a country code, such as GB.")
    ] = "",
    display_name: Annotated[str, Parameter(help="What people call it. Default: its id.")] = "",
    session: CurrentSession,
) -> None:
    """Create a namespace. Its normalisation and its region are never changed afterwards."""
    from clarion_client import IdentityNamespace, Normalisation  # noqa: PLC0415 - loads gRPC

    (chosen,) = parse_members(Normalisation, [normalisation], "--normalisation")
    wanted = IdentityNamespace(
        name=namespace, display_name=display_name or namespace, normalisation=chosen, default_region=default_region
    )
    created = session.client.identity_namespaces.create(wanted)
    session.output.show(created.to_dict(), lambda: plain(f"{created.name} compares {created.normalisation}."))


@namespaces.command(name="rename")
def rename_namespace(namespace: NamespaceName, display_name: DisplayName, /, *, session: CurrentSession) -> None:
    """Change what people call a namespace."""
    from clarion_client import IdentityNamespace  # noqa: PLC0415 - loads gRPC

    if not display_name.strip():
        raise CommandFailed("The name is empty.")
    renamed = session.client.identity_namespaces.update(IdentityNamespace(name=namespace, display_name=display_name))
    session.output.show(renamed.to_dict(), lambda: plain(f"{renamed.name} is called {renamed.display_name}."))


@namespaces.command(name="delete")
def delete_namespace(namespace: NamespaceName, /, *, session: CurrentSession) -> None:
    """Delete a namespace that nothing uses."""
    session.client.identity_namespaces.delete(namespace)
    show_deleted(session.output, namespace)
