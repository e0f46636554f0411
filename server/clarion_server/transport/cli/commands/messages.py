"""`clarion messages`: lists, shows and cancels messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter
from rich.console import Group, RenderableType
from rich.text import Text

from clarion_server.transport.cli.commands.lists import Limit, page_size, show_list
from clarion_server.transport.cli.commands.options import (
    Labels,
    option_group,
    parse_labels,
    parse_members,
    split_words,
)
from clarion_server.transport.cli.exits import Exit
from clarion_server.transport.cli.listing import fields, table
from clarion_server.transport.cli.session import CurrentSession
from clarion_server.transport.cli.views import duration, id_of, language, moment, plain, sourced, state

if TYPE_CHECKING:
    from clarion_client import Client, Exclusion, Failure, Message, Pager

MessageName = Annotated[str, Parameter(help="The id of the message.")]

messages = App(name="messages", help="List, show and cancel messages.")


@option_group
class MessageFilters:
    """Says which messages a list has. A message is in it that passes all filters."""

    campaign: Annotated[str, Parameter(help="Only messages of this campaign.")] = ""
    execution: Annotated[str, Parameter(help="Only messages of this execution.")] = ""
    to: Annotated[str, Parameter(help="Only messages to this address or identity.")] = ""
    states: Annotated[
        tuple[str, ...],
        Parameter(
            ("--states", "--state"),
            help="Only these states: queued, sending, sent, excluded, cancelled, expired, failed, in-doubt.",
        ),
    ] = ()
    channels: Annotated[
        tuple[str, ...], Parameter(("--channels", "--channel"), help="Only these channels, such as email.")
    ] = ()
    actions: Annotated[
        tuple[str, ...], Parameter(("--actions", "--action"), help="Only messages of these actions, by their ids.")
    ] = ()
    excluded_for: Annotated[
        tuple[str, ...], Parameter(help="Only messages excluded for these reasons, such as no-consent, suppressed.")
    ] = ()
    excluded_at: Annotated[
        tuple[str, ...], Parameter(help="Only messages excluded by these checks: accept, hand-off.")
    ] = ()
    labels: Labels = ()

    def found(self, client: Client, limit: int) -> Pager[Message]:
        """Raises CommandFailed for a filter that makes no sense."""
        from clarion_client import Channel, ExclusionPhase, ExclusionReason, MessageState  # noqa: PLC0415 - gRPC takes longer to load than help to print

        return client.messages.list(
            campaign=self.campaign,
            execution=self.execution,
            identity=self.to,
            states=parse_members(MessageState, self.states, "--state"),
            channels=parse_members(Channel, self.channels, "--channel"),
            actions=split_words(self.actions),
            exclusion_reasons=parse_members(ExclusionReason, self.excluded_for, "--excluded-for"),
            exclusion_phases=parse_members(ExclusionPhase, self.excluded_at, "--excluded-at"),
            labels=parse_labels(self.labels),
            page_size=page_size(limit),
        )


EVERY_MESSAGE = MessageFilters()


@messages.command(name="list")
def list_messages(*, filters: MessageFilters = EVERY_MESSAGE, limit: Limit = 50, session: CurrentSession) -> None:
    """List messages, newest first. States, channels, actions, reasons and checks may be lists with commas."""
    columns = {
        "ID": lambda message: id_of(message.name),
        "STATE": _state_view,
        "TO": lambda message: plain(message.address or message.identity),
        "ACCEPTED": lambda message: moment(message.accept_time),
        "CAMPAIGN": lambda message: id_of(message.campaign),
        "ACTION": lambda message: plain(message.action),
    }
    show_list(session.output, filters.found(session.client, limit), limit, columns)


@messages.command(name="get")
def get_message(message: MessageName, /, *, session: CurrentSession) -> None:
    """Show a message with all attempts and events."""
    found = session.client.messages.get(message)
    session.output.show(found.to_dict(), lambda: _message_view(found))


@messages.command(name="cancel")
def cancel_message(message: MessageName, /, *, session: CurrentSession) -> Exit:
    """Cancel a message that is not being handed off yet.

    Exit code 1 when it was too late.
    """
    from clarion_client import CancelOutcome  # noqa: PLC0415 - see above

    cancellation = session.client.messages.cancel(message)
    session.output.show(
        cancellation.to_dict(),
        lambda: Text.assemble(
            state(cancellation.outcome),
            ": ",
            plain(cancellation.message.name),
            " is ",
            state(cancellation.message.state),
        ),
    )
    return Exit.OK if cancellation.outcome is CancelOutcome.CANCELLED else Exit.BAD_NEWS


def failure_text(failure: Failure | None) -> Text:
    if failure is None:
        return Text()
    exhausted = " (the retry window has closed)" if failure.retries_exhausted else ""
    words = [str(failure.reason), failure.code, failure.detail]
    return plain(" ".join(word for word in words if word) + exhausted)


def exclusion_text(exclusion: Exclusion) -> Text:
    when = " at hand-off" if exclusion.phase == "HAND_OFF" else ""
    cause = f" by {exclusion.cause}" if exclusion.cause else ""
    return plain(f"{exclusion.reason}{when}{cause}")


def _state_view(message: Message) -> Text:
    reason = message.exclusion_reason or (message.failure.reason if message.failure else None)
    return Text.assemble(state(message.state), f" ({reason})" if reason else "")


def _message_view(message: Message) -> RenderableType:
    about = [
        ("message", plain(message.name)),
        ("state", state(message.state)),
        ("to", plain(f"{message.address} ({message.identity})" if message.address else message.identity)),
        ("campaign", plain(f"{message.campaign}, version {message.campaign_version}")),
        ("action", plain(f"{message.action} ({message.channel})")),
        ("execution", plain(message.execution)),
        ("locale", plain(message.locale)),
        ("content", language(message.content_locale, message.locale_reason)),
        *([("rule", plain(message.rule))] if message.rule else []),
        ("accepted", moment(message.accept_time)),
        ("due", moment(message.due_time)),
        ("expires", moment(message.expire_time)),
        ("outcome", moment(message.outcome_time)),
    ]
    if message.sending_policy:
        about.append(("policy", plain(message.sending_policy)))
    if message.time_zone:
        about.append(("time zone", sourced(message.time_zone)))
    if message.labels:
        about.append(("labels", plain(", ".join(f"{key}={value}" for key, value in message.labels.items()))))
    if message.exclusion:
        about.append(("excluded", exclusion_text(message.exclusion)))
    if message.failure:
        about.append(("failure", failure_text(message.failure)))
    parts: list[RenderableType] = [fields(about)]
    if message.attempts:
        parts += ["", _attempts_view(message)]
    if message.events:
        parts += ["", _events_view(message)]
    return Group(*parts)


def _attempts_view(message: Message) -> RenderableType:
    return table(
        message.attempts,
        {
            "ATTEMPT": lambda attempt: plain(attempt.number),
            "RESULT": lambda attempt: state(attempt.result),
            "TOOK": lambda attempt: plain(duration((attempt.end_time - attempt.start_time).total_seconds())),
            "BEGUN": lambda attempt: moment(attempt.start_time),
            "REPLY": lambda attempt: (
                failure_text(attempt.failure) if attempt.failure else plain(attempt.provider_reply)
            ),
        },
    )


def _events_view(message: Message) -> RenderableType:
    return table(
        message.events,
        {
            "EVENT": lambda event: state(event.type),
            "TIME": lambda event: moment(event.time),
            "ATTEMPT": lambda event: plain(event.attempt.number if event.attempt else "-"),
        },
    )
