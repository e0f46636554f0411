"""`clarion attachments`: uploads, lists, shows, downloads and deletes files that mails carry."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from clarion_server.transport.cli.commands.lists import Limit, page_size, show_list
from clarion_server.transport.cli.commands.resources import show_deleted
from clarion_server.transport.cli.failures import CommandFailed
from clarion_server.transport.cli.listing import fields
from clarion_server.transport.cli.session import CurrentSession
from clarion_server.transport.cli.views import id_of, moment, plain

if TYPE_CHECKING:
    from clarion_client import Attachment
    from rich.console import RenderableType

AttachmentName = Annotated[str, Parameter(help="The attachment, such as logo.")]

attachments = App(name="attachments", help="Upload, list, show, download and delete files that mails carry.")


@attachments.command
def upload(
    file: Annotated[Path, Parameter(help="The file.")],
    /,
    *,
    name: Annotated[
        str, Parameter(help="The name of the attachment, such as logo. Default: one that follows from the file.")
    ] = "",
    file_name: Annotated[str, Parameter(help="The name of the file in mails. Default: as the file is called.")] = "",
    content_type: Annotated[str, Parameter(help="The type of the file. Default: that of its extension.")] = "",
    session: CurrentSession,
) -> None:
    """Upload a file. The same file under the same name again changes nothing."""
    found = session.client.attachments.upload(file, name, file_name=file_name, content_type=content_type)
    session.output.show(found.to_dict(), lambda: _view(found))


@attachments.command(name="list")
def list_attachments(*, limit: Limit = 50, session: CurrentSession) -> None:
    """List attachments by name."""
    columns = {
        "ID": lambda attachment: id_of(attachment.name),
        "FILE": lambda attachment: plain(attachment.file_name),
        "OCTETS": lambda attachment: plain(f"{attachment.size_bytes:,}"),
        "TYPE": lambda attachment: plain(attachment.content_type),
        "UPLOADED": lambda attachment: moment(attachment.create_time),
    }
    pager = session.client.attachments.list(page_size=page_size(limit))
    show_list(session.output, pager, limit, columns)


@attachments.command(name="get")
def get_attachment(attachment: AttachmentName, /, *, session: CurrentSession) -> None:
    """Show what is known of an attachment."""
    found = session.client.attachments.get(attachment)
    session.output.show(found.to_dict(), lambda: _view(found))


@attachments.command(name="download")
def download(
    attachment: AttachmentName,
    /,
    *,
    output: Annotated[
        Path | None,
        Parameter(
            ("--output", "-o"),
            help="The file to write or replace. Default: a new one here, as mails call it.",
        ),
    ] = None,
    session: CurrentSession,
) -> None:
    """Write the bytes of an attachment to a file."""
    found = session.client.attachments.get(attachment)
    path = output or Path(found.file_name)
    if output is None and path.exists():
        raise CommandFailed(f"There is a file {path} already.", hint="Name the file to write or replace with --output.")
    path.write_bytes(session.client.attachments.download(found.name))
    session.output.show({"written": str(path), **found.to_dict()}, lambda: plain(f"wrote {path}"))


@attachments.command(name="delete")
def delete_attachment(attachment: AttachmentName, /, *, session: CurrentSession) -> None:
    """Delete an attachment that no campaign names."""
    session.client.attachments.delete(attachment)
    show_deleted(session.output, attachment)


def _view(attachment: Attachment) -> RenderableType:
    return fields(
        [
            ("Name", plain(attachment.name)),
            ("File", plain(attachment.file_name)),
            ("Type", plain(attachment.content_type)),
            ("Size", plain(f"{attachment.size_bytes:,} octets")),
            ("SHA-256", plain(attachment.sha256)),
            ("Uploaded", moment(attachment.create_time)),
        ]
    )
