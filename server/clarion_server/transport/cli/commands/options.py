"""Options and arguments of several commands, and how their values are parsed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypedDict, TypeVar, dataclass_transform

from cyclopts import Parameter

from clarion_server.transport.cli.failures import CommandFailed, Problem
from clarion_server.transport.cli.json_input import RepeatedNames, parse_json
from clarion_server.transport.cli.text_input import read_text, source_name

if TYPE_CHECKING:
    import datetime as dt

E = TypeVar("E", bound=StrEnum)
T = TypeVar("T")


@dataclass_transform(frozen_default=True)
def option_group(cls: type[T]) -> type[T]:
    """Makes the class a dataclass whose fields are options of each command that has a parameter of it."""
    return Parameter(name="*")(dataclass(frozen=True)(cls))


CampaignName = Annotated[str, Parameter(help="The campaign, such as order-confirmed.")]
DraftName = Annotated[
    str, Parameter(help="The campaign, such as order-confirmed, or the fragment, such as fragments/footer.")
]
AudienceName = Annotated[str, Parameter(help="The audience, such as gold.")]
JsonData = Annotated[
    str,
    Parameter(help="A JSON object, the path of a file with one, or - for stdin.", allow_leading_hyphen=True),
]
Audiences = Annotated[
    tuple[str, ...],
    Parameter(
        ("--audiences", "--audience"),
        help="An audience that the recipient belongs to, such as vip, for rules that ask. May be repeated.",
    ),
]
Locale = Annotated[str, Parameter(help="The recipient's locale, such as pt-BR. Default: the campaign's.")]
Labels = Annotated[
    tuple[str, ...], Parameter(("--labels", "--label"), help="A label such as order=4711. May be repeated.")
]
RequestId = Annotated[str, Parameter(help="Makes the command safe to repeat: the service sends once for the same id.")]
Instant = Annotated[str, Parameter(help="A time such as 2027-01-31T09:00:00+01:00.")]


class RecipientData(TypedDict):
    """Holds what a message says to its recipient, as the client takes it."""

    context: dict[str, Any] | None
    profile: dict[str, Any] | None
    locale: str


@option_group
class RecipientOptions:
    context: JsonData = ""
    profile: JsonData = ""
    locale: Locale = ""

    def parsed(self) -> RecipientData:
        """Raises CommandFailed for what is no JSON object."""
        return {
            "context": parse_json_object(self.context, "--context"),
            "profile": parse_json_object(self.profile, "--profile"),
            "locale": self.locale,
        }


NO_DATA = RecipientOptions()


class Sending(TypedDict):
    """Says when the messages of a trigger are sent, and their labels, as the client takes them."""

    send_time: dt.datetime | None
    expire_time: dt.datetime | None
    labels: dict[str, str]


@option_group
class SendingOptions:
    send_at: Annotated[Instant, Parameter(help="Do not send before this time, such as 2027-01-31T09:00:00+01:00.")] = ""
    expire_at: Annotated[Instant, Parameter(help="Do not send after this time.")] = ""
    labels: Labels = ()

    def parsed(self) -> Sending:
        """Raises CommandFailed for what is no time and no label."""
        return {
            "send_time": parse_time(self.send_at, "--send-at"),
            "expire_time": parse_time(self.expire_at, "--expire-at"),
            "labels": parse_labels(self.labels),
        }


SEND_NOW = SendingOptions()


def parse_members(enum: type[E], given: Sequence[str], option: str) -> list[E]:
    """Returns the members of an enum by their names, in upper or lower case. Raises CommandFailed for other names."""
    names = {member.value.replace("_", "-").lower(): member for member in enum if member.value != "UNRECOGNIZED"}
    words = [word.replace("_", "-").lower() for word in split_words(given)]
    for word in words:
        if word not in names:
            raise CommandFailed(f"{option} does not know {word!r}. It takes {', '.join(names)}.")
    return [names[word] for word in words]


def parse_member(enum: type[E], given: str, option: str) -> E:
    """Does the same as `parse_members` for an option that takes one name."""
    members = parse_members(enum, [given], option)
    if len(members) != 1:
        raise CommandFailed(f"{option} takes one value.")
    return members[0]


def split_words(given: Sequence[str]) -> list[str]:
    """Returns the words of an option that may be repeated, and may have several words with commas each time."""
    return [word.strip() for text in given for word in text.split(",") if word.strip()]


def parse_labels(given: Sequence[str]) -> dict[str, str]:
    """Returns the labels that were given as Labels. Raises CommandFailed."""
    labels = {}
    for label in given:
        key, separator, value = label.partition("=")
        if not separator or key in labels:
            problem = "is given twice" if separator else "has no value. Write it as key=value"
            raise CommandFailed(f"The label {key!r} {problem}.")
        labels[key] = value
    return labels


def parse_json_object(text: str, option: str) -> dict[str, Any] | None:
    """Returns the object that was given as JsonData, or None when nothing was."""
    if not text:
        return None
    source, content = _json_source(text, option)
    try:
        data = parse_json(content)
    except RecursionError as error:
        raise CommandFailed(f"The value of {option} is nested too deeply.") from error
    except RepeatedNames as error:
        problems = [Problem(f"{source}: {path}", "It is given twice.") for path in error.paths]
        raise CommandFailed(f"The value of {option} gives a name twice.", problems) from error
    except json.JSONDecodeError as error:
        problem = Problem(f"{source}:{error.lineno}:{error.colno}", f"{error.msg}.")
        raise CommandFailed(f"The value of {option} is not valid JSON.", [problem]) from error
    except ValueError as error:
        raise CommandFailed(f"The value of {option} is not valid JSON.", [Problem(source, f"{error}.")]) from error
    if not isinstance(data, dict):
        raise CommandFailed(f"The value of {option} is not a JSON object.", [Problem(source, "Write {…}.")])
    return data


def parse_time(text: str, option: str) -> dt.datetime | None:
    """Returns the time that was given as an Instant, or None when nothing was. Raises CommandFailed."""
    import datetime as dt  # noqa: PLC0415 - few commands take times

    if not text:
        return None
    try:
        time = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandFailed(f"{option} is {text!r}, which is not a time such as 2027-01-31T09:00:00+01:00.") from error
    if time.utcoffset() is None:
        raise CommandFailed(
            f"{option} is {text!r}, which has no time zone. Add Z for UTC, or an offset such as +01:00."
        )
    return time


def _json_source(text: str, option: str) -> tuple[str, str]:
    """Returns what errors call the source of the JSON, and the JSON."""
    if text.lstrip("\ufeff \t\r\n").startswith("{"):
        return option, text.removeprefix("\ufeff")
    path = Path(text.removeprefix("@"))
    try:
        return source_name(path), read_text(path)
    except CommandFailed as failure:
        failure.hint = f"{option} takes {{…}}, a file with it, or - for stdin."
        raise
