"""Reads files with one trigger a line, as JSON objects."""

from __future__ import annotations

import codecs
import datetime as dt
import difflib
import io
import json
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any

from clarion_client import Trigger

from clarion_server.transport.cli.failures import CommandFailed
from clarion_server.transport.cli.json_input import parse_json

#: Fields of the trigger. The other fields of a line are about its recipients.
TRIGGER_FIELDS = frozenset({"request_id", "send_time", "expire_time", "labels"})
RECIPIENT_FORMS = ("to", "recipient", "recipients")
RECIPIENT_FIELDS = frozenset({"context", "profile", "locale", "address"})
FIELDS = (*RECIPIENT_FORMS, *sorted(RECIPIENT_FIELDS), *sorted(TRIGGER_FIELDS))

#: Is the name space of generated request ids (RFC 9562, UUID version 5).
REQUEST_IDS = uuid.uuid5(uuid.NAMESPACE_URL, "https://clarion.dev/trigger-lines")


@dataclass(frozen=True, slots=True)
class Defaults:
    """Values of triggers whose lines do not have their own."""

    campaign: str
    send_time: dt.datetime | None = None
    expire_time: dt.datetime | None = None
    allow_partial: bool = False
    validate_only: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Line:
    """Is a line of the file, counted from 1, as a trigger; or the problem with it."""

    number: int
    trigger: Trigger | None
    problem: str = ""


def read_lines(source: Iterable[bytes], defaults: Defaults) -> Iterator[Line]:
    """Yields the lines that are not blank. Blank lines are counted. Raises CommandFailed for broken UTF-16."""
    for number, text in enumerate(_lines_in_utf_8(source), start=1):
        line = text.removeprefix(codecs.BOM_UTF8) if number == 1 else text
        if line.strip():
            yield _line(number, line, defaults)


def _lines_in_utf_8(source: Iterable[bytes]) -> Iterator[bytes]:
    """Yields the lines as they are, or from UTF-16 where the first begins with a mark of it."""
    lines = iter(source)
    first = next(lines, b"")
    if not first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        yield from chain([first], lines)
        return
    try:
        # A byte of a line end may be half of another character there.
        text = b"".join(chain([first], lines)).decode("utf-16")
    except UnicodeDecodeError as error:
        raise CommandFailed("The file begins as UTF-16, and is not text in it.", hint="Save it in UTF-8.") from error
    yield from (line.encode() for line in io.StringIO(text, newline="\n"))


def _line(number: int, text: bytes, defaults: Defaults) -> Line:
    try:
        # Of bytes, the parser would guess the encoding of each line.
        return Line(number, trigger_of(parse_json(text.decode()), defaults))
    except UnicodeDecodeError:
        return Line(number, None, "not text in UTF-8")
    except json.JSONDecodeError as error:
        return Line(number, None, f"not JSON: {error.msg} at column {error.colno}")
    except RecursionError:
        return Line(number, None, "nested too deeply")
    except (TypeError, ValueError) as error:
        return Line(number, None, "; ".join(str(error).splitlines()))


def trigger_of(line: Any, defaults: Defaults) -> Trigger:
    """Returns the trigger of a line. Raises TypeError or ValueError with the field's path for what cannot be sent."""
    if not isinstance(line, dict):
        raise TypeError("not a JSON object")
    _check_fields(line)
    given = {name: line[name] for name in TRIGGER_FIELDS & line.keys()}
    trigger = Trigger.from_dict({"campaign": defaults.campaign, "recipients": _recipients(line), **given})
    return replace(
        trigger,
        request_id=trigger.request_id or request_id_of(defaults.campaign, line),
        send_time=trigger.send_time or defaults.send_time,
        expire_time=trigger.expire_time or defaults.expire_time,
        allow_partial=defaults.allow_partial,
        validate_only=defaults.validate_only,
        labels={**defaults.labels, **trigger.labels},
    )


def request_id_of(campaign: str, line: dict[str, Any]) -> str:
    """Returns the request id of a line. Blanks and the order of fields do not change it."""
    data = json.dumps(line, sort_keys=True, separators=(",", ":"))
    return str(uuid.uuid5(REQUEST_IDS, f"{campaign.rpartition('/')[2]}\n{data}"))


def _check_fields(line: dict[str, Any]) -> None:
    for name in line:
        if name not in FIELDS:
            close = difflib.get_close_matches(name, FIELDS, n=1)
            raise ValueError(f"{name} is not a field of a line{f'; did you mean {close[0]}?' if close else ''}")
    given = [name for name in RECIPIENT_FORMS if name in line]
    if len(given) != 1:
        raise ValueError(f"a line needs exactly one of {', '.join(RECIPIENT_FORMS)}")


def _recipients(line: dict[str, Any]) -> Any:
    shared = {name: line[name] for name in RECIPIENT_FIELDS & line.keys()}
    if "recipients" in line:
        if shared:
            raise ValueError(f"{min(shared)} belongs in each of the recipients")
        return line["recipients"]
    if "to" in line:
        return [{"identity": line["to"], **shared}]
    recipient = line["recipient"]
    if not isinstance(recipient, dict):
        raise TypeError('recipient is not an object such as {"identity": "email:jane@example.com"}')
    return [{**shared, **recipient}]
