"""What commands about one resource print: the resource as a file, and that it is deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clarion_server.transport.cli.views import plain

if TYPE_CHECKING:
    from clarion_server.transport.cli.output import Output


def show_as_file(output: Output, resource: Any) -> None:
    """Prints a resource as a file for `clarion apply`."""
    from clarion_server.transport.cli.files.resource_types import type_of  # noqa: PLC0415 - loads gRPC

    if output.as_json:
        output.show(resource.to_dict(), str)
    else:
        output.write(type_of(resource).exported(resource))


def show_deleted(output: Output, name: str) -> None:
    output.show({"deleted": name}, lambda: plain(f"{name} is deleted."))
