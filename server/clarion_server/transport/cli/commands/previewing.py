"""`clarion preview`: what a recipient would get."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from rich.console import Group, RenderableType
from rich.text import Text

from clarion_server.transport.cli.commands.options import (
    NO_DATA,
    Audiences,
    CampaignName,
    RecipientOptions,
    split_words,
)
from clarion_server.transport.cli.failures import CommandFailed
from clarion_server.transport.cli.listing import fields
from clarion_server.transport.cli.output import Output
from clarion_server.transport.cli.session import CurrentSession
from clarion_server.transport.cli.views import language, plain, rule_text

if TYPE_CHECKING:
    from clarion_client import Choice, Mailbox, Preview, RenderedAttachment, RenderedEmail


def preview(
    campaign: CampaignName,
    /,
    *,
    recipient: RecipientOptions = NO_DATA,
    to: Annotated[str, Parameter(help="The recipient's address or identity. Default: preview@clarion.test.")] = "",
    version: Annotated[int, Parameter(help="Render this version. Default: the draft.")] = 0,
    action: Annotated[str, Parameter(help="Render the action of this id. Default: the first one.")] = "",
    rule: Annotated[str, Parameter(help="Render the content of this rule. Default: the first one that is true.")] = "",
    audiences: Audiences = (),
    html: Annotated[bool, Parameter(help="Print only the HTML part.")] = False,
    text: Annotated[bool, Parameter(help="Print only the text part.")] = False,
    open_: Annotated[
        Path | None, Parameter("--open", help="Write the HTML part to this file, and open it in a browser.")
    ] = None,
    session: CurrentSession,
) -> None:
    """Render a campaign with given data. Sends nothing."""
    rendered = session.client.campaigns.preview(
        campaign,
        identity=to,
        version=version,
        action=action,
        rule=rule,
        audiences=split_words(audiences),
        **recipient.parsed(),
    )
    if open_ is not None:
        _open(open_, _email_of(rendered), session.output)
    elif html or text:
        email = _email_of(rendered)
        session.output.write(email.html if html else email.text)
    else:
        session.output.show(rendered.to_dict(), lambda: _preview_view(rendered))


def _email_of(rendered: Preview) -> RenderedEmail:
    if rendered.email is None:
        raise CommandFailed(
            f"The action '{rendered.action}' sends no e-mail.", hint="Leave out --html, --text and --open."
        )
    return rendered.email


def _open(path: Path, email: RenderedEmail, output: Output) -> None:
    if not email.html:
        raise CommandFailed("The e-mail has no HTML part.", hint="Use --text to print its text part.")
    path.write_text(email.html, encoding="utf-8")
    page = path.absolute().as_uri()
    if not webbrowser.open(page):
        output.inform("No browser could be opened.")
    output.show({"page": page}, lambda: plain(page))


#: Says what the table above the content shows.
_ROWS = frozenset({"action", "address", "locale", "content_locale", "locale_reason"})
_ROWS_OF_RULES = frozenset({"rule", "rule_evaluations", "exclusion_reason"})


def _preview_view(rendered: Preview) -> RenderableType:
    rows = [("Action", plain(rendered.action))]
    if rendered.address:
        rows.append(("To", _choice_view(rendered.address)))
    rows.append(("Locale", _choice_view(rendered.locale)))
    rows.append(("Content", language(rendered.content_locale, rendered.locale_reason)))
    if rendered.rule or rendered.rule_evaluations:
        rows.append(("Rule", rule_text(rendered.rule, rendered.rule_evaluations)))
    if rendered.exclusion_reason:
        rows.append(("Excluded", plain(f"{rendered.exclusion_reason}: the recipient would get nothing.", "yellow")))
    if rendered.email is None:
        return Group(fields(rows), _content_view(rendered))
    return Group(fields([*rows, *_header_rows(rendered.email)]), _body_view(rendered.email))


def _choice_view(choice: Choice) -> Text:
    return plain(f"{choice.value} (from the {choice.source.lower()})")


def _content_view(rendered: Preview) -> RenderableType:
    """Returns the content of a channel other than e-mail, as YAML."""
    from clarion_server.transport.cli.files.yaml_syntax import dump  # noqa: PLC0415 - only used here

    data = rendered.to_dict()
    return plain(dump({name: item for name, item in data.items() if name not in _ROWS | _ROWS_OF_RULES}))


def _header_rows(email: RenderedEmail) -> list[tuple[str, Text]]:
    reply_to = [("Reply-To", plain(_shown(email.reply_to)))] if email.reply_to else []
    others = [(name, plain(value)) for name, value in email.headers.items()]
    files = [("File", plain(_file_text(attachment))) for attachment in email.attachments]
    return [("From", plain(_shown(email.from_))), *reply_to, ("Subject", plain(email.subject, "bold")), *others, *files]


def _file_text(attachment: RenderedAttachment) -> str:
    place = ", shown in the HTML" if attachment.content_id else ""
    return f"{attachment.file_name} ({attachment.size_bytes:,} octets{place})"


def _body_view(email: RenderedEmail) -> RenderableType:
    html = plain(f"\nThe HTML part has {len(email.html):,} characters: see --html and --open.", "dim")
    return Group(plain(f"\n{email.text.rstrip()}"), html if email.html else "")


def _shown(mailbox: Mailbox) -> str:
    return f"{mailbox.display_name} <{mailbox.address}>" if mailbox.display_name else mailbox.address
