"""Options and arguments that several commands have, and what is made of them."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

from cyclopts import Parameter

from clarion_server.transport.cli.failures import CommandFailed, Problem

if TYPE_CHECKING:
    import datetime as dt

    from clarion_client import Pager

    from clarion_server.transport.cli.output import Output

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

MAX_PAGE = 1_000

CampaignName = Annotated[str, Parameter(help="The campaign, such as order-confirmed.")]
Limit = Annotated[int, Parameter(help="At most so many; 0 for all.")]
JsonData = Annotated[
    str,
    Parameter(
        help="JSON as it is, the path of a file with JSON, or - to read it from stdin.", allow_leading_hyphen=True
    ),
]
Locale = Annotated[str, Parameter(help="The recipient's locale, such as pt-BR. Default: the campaign's.")]
Instant = Annotated[str, Parameter(help="A time such as 2027-01-31T09:00:00+01:00.")]


def listed(pager: Pager[T], limit: int, output: Output) -> list[T]:
    """The first items of a list. Says so when there are more."""
    if not limit:
        return list(pager)
    items = list(islice(pager, limit + 1))
    if len(items) > limit:
        output.note(f"There are more than {limit}: see --limit.")
    return items[:limit]


def page_size(limit: int) -> int:
    """One more than is shown tells whether there are more."""
    return min(limit + 1, MAX_PAGE) if limit else MAX_PAGE


def chosen(enum: type[E], given: Sequence[str], option: str) -> list[E]:
    """The members that are named, in any case."""
    names = {member.value.replace("_", "-").lower(): member for member in enum if member.value != "UNRECOGNIZED"}
    words = [word.replace("_", "-").lower() for word in separated(given)]
    for word in words:
        if word not in names:
            raise CommandFailed(f"There is no {word!r} for {option}: choose from {', '.join(names)}.")
    return [names[word] for word in words]


def separated(given: Sequence[str]) -> list[str]:
    """An option may be repeated, and each time hold several words with commas between them."""
    return [word.strip() for text in given for word in text.split(",") if word.strip()]


def json_object(text: str, option: str) -> dict[str, Any] | None:
    """What was given as JsonData; None when nothing was."""
    if not text:
        return None
    source, content = _json_source(text, option)
    try:
        data = json.loads(content, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        where = f"{source}:{error.lineno}:{error.colno}"
        raise CommandFailed(f"What {option} was given is not JSON.", [Problem(where, error.msg)]) from error
    except RecursionError as error:
        raise CommandFailed(f"What {option} was given is nested too deeply.") from error
    if not isinstance(data, dict):
        raise CommandFailed(f"What {option} was given is not a JSON object.", [Problem(source, "{…} is needed")])
    return data


def instant(text: str, option: str) -> dt.datetime | None:
    """What was given as an Instant; None when nothing was. Needs a time zone, as the client does."""
    import datetime as dt  # noqa: PLC0415 - for the few commands that take times

    if not text:
        return None
    try:
        time = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandFailed(f"{option} is {text!r}, not a time such as 2027-01-31T09:00:00+01:00.") from error
    if time.utcoffset() is None:
        raise CommandFailed(f"{option} is {text!r}, without a time zone. Add Z for UTC, or an offset such as +01:00.")
    return time


def _json_source(text: str, option: str) -> tuple[str, str]:
    """Where the JSON comes from, for errors, and the JSON."""
    if text == "-":
        return "stdin", sys.stdin.read()
    if text.lstrip().startswith("{"):
        return option, text
    path = Path(text.removeprefix("@"))
    try:
        return str(path), path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise CommandFailed(f"{path} is not text in UTF-8.") from error
    except OSError as error:
        raise CommandFailed(
            f"Cannot open {path}: {error.strerror}.", hint=f"{option} takes {{…}}, a file with it, or -."
        ) from error


def _refuse_constant(name: str) -> NoReturn:
    raise CommandFailed(f"JSON has no {name}.")
