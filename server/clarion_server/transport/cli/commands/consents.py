"""`clarion consents`: shows and stores what people have chosen, and what consent means in the sandbox."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter
from rich.console import Group, RenderableType

from clarion_server.transport.cli.commands.options import parse_member
from clarion_server.transport.cli.failures import CommandFailed
from clarion_server.transport.cli.listing import table
from clarion_server.transport.cli.session import CurrentSession
from clarion_server.transport.cli.views import id_of, moment, plain, state

if TYPE_CHECKING:
    from clarion_client import Channel, Consent, ConsentChange, ConsentSettings, PersonConsents

PersonName = Annotated[
    str, Parameter(help="An address, an identity such as customer:4711, or a profile such as profiles/019a….")
]

consents = App(name="consents", help="Show and store what people have chosen.")


@consents.command(name="get")
def get_consents(person: PersonName, /, *, session: CurrentSession) -> None:
    """Show the current choices of a person, and the newest entries of the history."""
    found = session.client.consents.get(person)
    session.output.show(found.to_dict(), lambda: _person_view(found))


@consents.command(name="set")
def set_consent(
    person: PersonName,
    /,
    *,
    grant: Annotated[bool, Parameter(help="The person wants the messages.")] = False,
    deny: Annotated[bool, Parameter(help="The person does not want them.")] = False,
    channel: Annotated[str, Parameter(help="Only messages of this channel, such as email.")] = "",
    topic: Annotated[str, Parameter(help="Only messages about this topic.")] = "",
    source: Annotated[
        str, Parameter(help="Where the choice was made: preference-page, sms-keyword, form, support, import, sync.")
    ] = "support",
    evidence: Annotated[str, Parameter(help="What shows that the person made the choice, such as a ticket.")] = "",
    session: CurrentSession,
) -> None:
    """Store a choice of a person about the messages of a channel, about a topic, about both, or about all messages.

    What a person denied can be granted again only with evidence.
    """
    from clarion_client import (  # noqa: PLC0415 - gRPC takes longer to load than help to print
        ConsentChange,
        ConsentChoice,
        ConsentEvidence,
        ConsentSource,
    )

    if grant == deny:
        raise CommandFailed("Say either --grant or --deny.", hint="See clarion consents set --help.")
    change = ConsentChange(
        channel=_channel(channel),
        topic=topic,
        choice=ConsentChoice.GRANTED if grant else ConsentChoice.DENIED,
        source=parse_member(ConsentSource, source, "--source"),
        evidence=ConsentEvidence(text=evidence) if evidence else None,
    )
    stored = session.client.consents.set(person, [change])
    session.output.show(stored.to_dict(), lambda: _consents_table(stored.consents))


@consents.command(name="settings")
def show_settings(
    *,
    silence: Annotated[
        str,
        Parameter(
            help="Change what happens to marketing to people without a choice: send-unless-denied, "
            "send-only-if-granted."
        ),
    ] = "",
    session: CurrentSession,
) -> None:
    """Show what consent means in the sandbox, or change it."""
    from clarion_client import ConsentSettings, Silence  # noqa: PLC0415 - see above

    if silence:
        wanted = ConsentSettings(silence=parse_member(Silence, silence, "--silence"))
        settings = session.client.consents.update_settings(wanted)
    else:
        settings = session.client.consents.settings()
    session.output.show(settings.to_dict(), lambda: _settings_view(settings))


def _channel(name: str) -> Channel | None:
    from clarion_client import Channel  # noqa: PLC0415 - see above

    return parse_member(Channel, name, "--channel") if name else None


def _settings_view(settings: ConsentSettings) -> RenderableType:
    return plain(f"Marketing to people who have made no choice: {settings.silence}")


def _person_view(found: PersonConsents) -> RenderableType:
    if not found.profile:
        return plain("There is no profile of this person, and so no choice.")
    history = table(
        found.changes,
        {
            "TIME": lambda change: moment(change.time),
            "CHOICE": lambda change: state(change.choice),
            "SCOPE": lambda change: plain(scope_text(change)),
            "SOURCE": lambda change: plain(change.source),
            "EVIDENCE": lambda change: plain(change.evidence.text if change.evidence else "-"),
            "STORED": lambda change: moment(change.record_time),
        },
    )
    return Group(plain(found.profile, "bold"), _consents_table(found.consents), plain(""), history)


def _consents_table(found: Sequence[Consent]) -> RenderableType:
    return table(
        found,
        {
            "SCOPE": lambda consent: plain(scope_text(consent)),
            "CHOICE": lambda consent: state(consent.choice),
            "SINCE": lambda consent: moment(consent.time),
            "CHANGE": lambda consent: id_of(consent.change),
        },
    )


def scope_text(of: Consent | ConsentChange) -> str:
    """Returns the scope in words, such as `topics/newsletter on EMAIL`."""
    return " on ".join(str(part) for part in (of.topic, of.channel) if part) or "everything"
