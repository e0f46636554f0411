"""`clarion preview`: what a recipient would get."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from rich.console import Group, RenderableType

from clarion_server.transport.cli.commands.options import CampaignName, JsonData, Locale, parse_json_object
from clarion_server.transport.cli.failures import CommandFailed
from clarion_server.transport.cli.listing import fields
from clarion_server.transport.cli.output import Output
from clarion_server.transport.cli.session import CurrentSession
from clarion_server.transport.cli.views import plain

if TYPE_CHECKING:
    from clarion_client import Mailbox, RenderedEmail


def preview(
    campaign: CampaignName,
    /,
    *,
    context: JsonData = "",
    profile: JsonData = "",
    locale: Locale = "",
    to: Annotated[str, Parameter(help="The recipient's address or identity. Default: preview@clarion.test.")] = "",
    version: Annotated[int, Parameter(help="Render this version. Default: the draft.")] = 0,
    html: Annotated[bool, Parameter(help="Print only the HTML part.")] = False,
    text: Annotated[bool, Parameter(help="Print only the text part.")] = False,
    open_: Annotated[
        Path | None, Parameter("--open", help="Write the HTML part to this file, and open it in a browser.")
    ] = None,
    session: CurrentSession,
) -> None:
    """Render a campaign with given data. Sends nothing."""
    email = session.client.campaigns.preview(
        campaign,
        parse_json_object(context, "--context"),
        profile=parse_json_object(profile, "--profile"),
        locale=locale,
        identity=to,
        version=version,
    )
    if open_ is not None:
        _open(open_, email, session.output)
    elif html or text:
        session.output.write(email.html if html else email.text)
    else:
        session.output.show(email.to_dict(), lambda: _email_view(email))


def _open(path: Path, email: RenderedEmail, output: Output) -> None:
    if not email.html:
        raise CommandFailed("The e-mail has no HTML part.", hint="Use --text to print its text part.")
    path.write_text(email.html, encoding="utf-8")
    page = path.absolute().as_uri()
    if not webbrowser.open(page):
        output.inform("No browser could be opened.")
    output.show({"page": page}, lambda: plain(page))


def _email_view(email: RenderedEmail) -> RenderableType:
    head = [("From", plain(_shown(email.from_))), ("Subject", plain(email.subject, "bold"))]
    if email.reply_to:
        head.insert(1, ("Reply-To", plain(_shown(email.reply_to))))
    head += [(name, plain(value)) for name, value in email.headers.items()]
    html = plain(f"\nThe HTML part has {len(email.html):,} characters: see --html and --open.", "dim")
    return Group(fields(head), plain(f"\n{email.text.rstrip()}"), html if email.html else "")


def _shown(mailbox: Mailbox) -> str:
    return f"{mailbox.display_name} <{mailbox.address}>" if mailbox.display_name else mailbox.address
