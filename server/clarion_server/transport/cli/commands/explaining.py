"""`clarion explain`: what would decide about somebody's messages."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cyclopts import Parameter
from rich.console import Group, RenderableType
from rich.text import Text

from clarion_server.transport.cli.commands.options import (
    NO_DATA,
    CampaignName,
    Instant,
    RecipientOptions,
    parse_time,
)
from clarion_server.transport.cli.listing import fields, table
from clarion_server.transport.cli.session import CurrentSession, Session
from clarion_server.transport.cli.views import language, moment, plain, rule_text, source_text, sourced, state

if TYPE_CHECKING:
    from clarion_client import (
        MessageExplanation,
        MessageResult,
        RecipientExplanation,
        RecipientResult,
        SourcedValue,
    )


def explain(
    campaign: CampaignName,
    /,
    *,
    to: Annotated[str, Parameter(help="The recipient's address or identity.")],
    recipient: RecipientOptions = NO_DATA,
    send_at: Annotated[Instant, Parameter(help="Explain a message that leaves at this time. Default: now.")] = "",
    expire_at: Annotated[Instant, Parameter(help="Explain a message that must not leave after this time.")] = "",
    session: CurrentSession,
) -> None:
    """Say whether a live campaign would be sent to somebody, when, and what decides. Sends nothing.

    Every reason against a message is told, with the resource that decides. Without --context, the messages have the
    example values of `clarion sample`.
    """
    data = recipient.parsed()
    if data["context"] is None:
        data["context"] = _example(session, campaign)
    accepted = session.client.trigger(
        campaign,
        to=to,
        send_time=parse_time(send_at, "--send-at"),
        expire_time=parse_time(expire_at, "--expire-at"),
        validate_only=True,
        **data,
    )
    (result,) = accepted.recipients
    session.output.show(result.to_dict(), lambda: _view(to, result))


def _example(session: Session, campaign: str) -> Any:
    """Returns a context that passes the campaign's schema."""
    return session.client.campaigns.sample(campaign).recipient.context


def _view(to: str, result: RecipientResult) -> RenderableType:
    rows: list[tuple[str, RenderableType]] = [("To", plain(to))]
    if result.explanation is not None:
        rows += _recipient_rows(result.explanation)
    return Group(fields(rows), *(_message_view(message) for message in result.messages))


def _recipient_rows(explanation: RecipientExplanation) -> list[tuple[str, RenderableType]]:
    attributes = ", ".join(f"{each.name} ({source_text(each.source)})" for each in explanation.attributes)
    return [
        ("Profile", plain(explanation.profile or "none")),
        *_sourced("Locale", explanation.locale),
        *([("Attributes", plain(attributes))] if attributes else []),
        *([("Audiences", plain(", ".join(explanation.audiences)))] if explanation.audiences else []),
    ]


def _message_view(message: MessageResult) -> RenderableType:
    title = Text.assemble("\n", plain(message.action, "bold"), "  ", state(message.outcome))
    explanation = message.explanation
    if explanation is None:
        return title
    return Group(title, fields(_message_rows(explanation)), *_reasons(explanation))


def _message_rows(explanation: MessageExplanation) -> list[tuple[str, RenderableType]]:
    rows: list[tuple[str, RenderableType]] = []
    if explanation.due_time is not None:
        rows.append(("Leaves", _moment_there(explanation.due_time, explanation)))
    elif explanation.opening_time is not None:
        rows.append(("Opens", _moment_there(explanation.opening_time, explanation)))
    rows.append(("Content", language(explanation.content_locale, explanation.locale_reason)))
    if explanation.rule_evaluations:
        rows.append(("Rule", rule_text(explanation.rule, explanation.rule_evaluations)))
    rows += _sourced("Address", explanation.address)
    if explanation.consent_change:
        rows.append(("Consent", plain(explanation.consent_change)))
    if explanation.sending_policy:
        rows.append(("Policy", plain(explanation.sending_policy)))
    return [*rows, *_sourced("Time zone", explanation.time_zone)]


def _moment_there(time: dt.datetime, explanation: MessageExplanation) -> Text:
    """Returns a time in UTC, and on the clock that counts for the sending policy."""
    if explanation.time_zone is None:
        return moment(time)
    try:
        there = time.astimezone(ZoneInfo(explanation.time_zone.value))
    except (ZoneInfoNotFoundError, ValueError):
        # The service may know zones that this machine does not.
        return moment(time)
    return Text.assemble(moment(time), plain(f" ({there:%a %H:%M} in {explanation.time_zone.value})"))


def _reasons(explanation: MessageExplanation) -> list[RenderableType]:
    if not explanation.exclusions:
        return []
    columns = {
        "REASON": lambda exclusion: state(exclusion.reason),
        "DECIDED BY": lambda exclusion: plain(exclusion.cause or "-"),
    }
    return [table(explanation.exclusions, columns)]


def _sourced(name: str, value: SourcedValue | None) -> list[tuple[str, RenderableType]]:
    return [] if value is None else [(name, sourced(value))]
