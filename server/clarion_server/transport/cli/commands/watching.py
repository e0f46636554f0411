"""`clarion watch`: prints events of messages as they are recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter
from cyclopts.validators import Number
from rich.text import Text

from clarion_server.transport.cli.commands.consents import scope_text
from clarion_server.transport.cli.commands.messages import exclusion_text, failure_text
from clarion_server.transport.cli.commands.options import option_group, parse_members
from clarion_server.transport.cli.session import CurrentSession, Session
from clarion_server.transport.cli.views import id_of, plain, state

if TYPE_CHECKING:
    from clarion_client import Event, EventWatch

#: Is the width of the longest type that an attempt or an outcome has.
TYPE_WIDTH = 9


@option_group
class EventFilters:
    """Says which events a watch prints. An event is printed that passes all filters."""

    campaign: Annotated[str, Parameter(help="Only events of this campaign.")] = ""
    execution: Annotated[str, Parameter(help="Only events of this execution.")] = ""
    message: Annotated[str, Parameter(help="Only events of this message.")] = ""
    types: Annotated[
        tuple[str, ...],
        Parameter(
            ("--types", "--type"),
            help=(
                "Only events of these types: sent, deferred, failed, excluded, cancelled, expired, in-doubt,"
                " unsubscribed, and those about people and audiences, such as consent-changed."
            ),
        ),
    ] = ()

    def parsed(self) -> dict[str, Any]:
        """Raises CommandFailed for types that are none."""
        from clarion_client import EventType  # noqa: PLC0415 - gRPC takes longer to load than help to print

        return {
            "campaign": self.campaign,
            "execution": self.execution,
            "message": self.message,
            "types": parse_members(EventType, self.types, "--type"),
        }


EVERY_EVENT = EventFilters()


def watch(
    *,
    filters: EventFilters = EVERY_EVENT,
    from_start: Annotated[bool, Parameter(help="Begin with the oldest event. Default: only new events.")] = False,
    resume_token: Annotated[
        str, Parameter(help="Continue where a watch with the same filters ended, without a gap.")
    ] = "",
    limit: Annotated[
        int, Parameter(help="End after this many events. 0 waits for Ctrl-C.", validator=Number(gte=0))
    ] = 0,
    session: CurrentSession,
) -> None:
    """Print events as they are recorded, each once and in order, one a line, until Ctrl-C.

    Prints the resume token at the end, and on every line with --json. Reconnects when the connection is lost.
    """
    events = _watching(session, filters.parsed(), resume_token, from_start=from_start)
    with events, session.interruption.handled_by(events.close):
        session.output.inform("Watching. Press Ctrl-C to end.")
        for event in islice(events, limit or None):
            _show(event, events.resume_token, session)
    session.output.inform(f"Continue with --resume-token {events.resume_token}")


def _watching(session: Session, filters: dict[str, Any], token: str, *, from_start: bool) -> EventWatch:
    """Begins to watch. Fails immediately when the service cannot be reached now, although a later loss is repaired."""
    messages = session.persistent_client.messages
    with messages.watch(**filters, resume_token=token, from_start=from_start, max_outage=0) as first:
        token = first.resume_token
    return messages.watch(**filters, resume_token=token)


def _show(event: Event, resume_token: str, session: Session) -> None:
    session.output.show_line({**event.to_dict(), "resume_token": resume_token}, lambda: _event_view(event))


def _event_view(event: Event) -> Text:
    event_type = state(event.type)
    event_type.pad_right(TYPE_WIDTH - len(event_type))
    attempt = f" attempt {event.attempt.number}" if event.attempt else ""
    time = f"{event.time:%Y-%m-%d %H:%M:%S}.{event.time.microsecond // 1000:03d}Z"
    columns = (
        plain(time, "dim"),
        event_type,
        id_of(event.message or event.subject),
        Text.assemble(id_of(event.campaign), plain(f" {event.action}{attempt}")),
        _reason_view(event),
    )
    return Text("  ").join(columns)


def _reason_view(event: Event) -> Text:
    if event.attempt and event.attempt.failure:
        return failure_text(event.attempt.failure)
    return exclusion_text(event.exclusion) if event.exclusion else plain(_change(event))


def _change(event: Event) -> str:
    """Returns what changed, for events that are about people and not about messages."""
    for name, view in _CHANGES.items():
        if (change := getattr(event, name)) is not None:
            return view(change)
    return ""


#: By the field of the event that has the change.
_CHANGES: Mapping[str, Callable[[Any], str]] = {
    "suppression_change": lambda change: f"{change.reason} {change.scope} {change.actor}",
    "consent_change": lambda change: f"{change.choice} {scope_text(change)} {change.source} {change.actor}",
    "allow_list_change": lambda change: (
        f"{'enabled' if change.enabled else 'disabled'}, {change.entry_count} entries, {change.actor}"
    ),
    "sending_policy_change": lambda change: f"{change.kind} {change.actor}",
    "silence_change": lambda change: f"{change.silence or 'as the sandbox'} {change.actor}",
    "fragment_change": lambda change: (
        f"{change.kind}{f' version {change.version}' if change.version else ''} {change.actor}"
    ),
    "profile_merge": lambda change: f"{change.absorbed} {change.actor}",
}
