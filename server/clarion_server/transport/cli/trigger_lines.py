"""Files of triggers: one JSON object a line."""

from __future__ import annotations

import datetime as dt
import difflib
import json
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from clarion_client import Trigger

#: Of the line itself; the rest says whom it addresses.
TRIGGER_FIELDS = frozenset({"request_id", "send_time", "expire_time"})
ADDRESSEES = ("to", "recipient", "recipients")
RECIPIENT_FIELDS = frozenset({"context", "profile", "locale", "address"})
FIELDS = (*ADDRESSEES, *sorted(RECIPIENT_FIELDS), *sorted(TRIGGER_FIELDS))

#: The name space of the request ids that are made up here (RFC 9562, version 5).
REQUEST_IDS = uuid.uuid5(uuid.NAMESPACE_URL, "https://clarion.dev/trigger-lines")


@dataclass(frozen=True, slots=True)
class Defaults:
    """What holds for every line that says nothing else."""

    campaign: str
    send_time: dt.datetime | None = None
    expire_time: dt.datetime | None = None
    allow_partial: bool = False
    validate_only: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the file, counted from 1, as a trigger; or what is wrong with it."""

    number: int
    trigger: Trigger | None
    flaw: str = ""


def read_lines(source: Iterable[bytes], defaults: Defaults) -> Iterator[Line]:
    """Blank lines are left out, and counted."""
    for number, text in enumerate(source, start=1):
        if not text.strip():
            continue
        try:
            trigger = trigger_of(json.loads(text, parse_constant=_refuse_constant), defaults)
        except json.JSONDecodeError as error:
            yield Line(number, None, f"not JSON: {error.msg} at column {error.colno}")
        except RecursionError:
            yield Line(number, None, "nested too deeply")
        except (TypeError, ValueError) as error:
            yield Line(number, None, str(error))
        else:
            yield Line(number, trigger)


def trigger_of(line: Any, defaults: Defaults) -> Trigger:
    """Raises TypeError or ValueError, naming the field, for what cannot be sent."""
    if not isinstance(line, dict):
        raise TypeError("not a JSON object")
    _check_fields(line)
    given = {name: line[name] for name in TRIGGER_FIELDS & line.keys()}
    trigger = Trigger.from_dict({"campaign": defaults.campaign, "recipients": _recipients(line), **given})
    return Trigger(
        campaign=trigger.campaign,
        recipients=trigger.recipients,
        request_id=trigger.request_id or request_id_of(defaults.campaign, line),
        send_time=trigger.send_time or defaults.send_time,
        expire_time=trigger.expire_time or defaults.expire_time,
        allow_partial=defaults.allow_partial,
        validate_only=defaults.validate_only,
    )


def request_id_of(campaign: str, line: dict[str, Any]) -> str:
    """The same for the same campaign and data, whatever the blanks and the order of the fields."""
    data = json.dumps(line, sort_keys=True, separators=(",", ":"))
    return str(uuid.uuid5(REQUEST_IDS, f"{campaign.rpartition('/')[2]}\n{data}"))


def _check_fields(line: dict[str, Any]) -> None:
    for name in line:
        if name not in FIELDS:
            close = difflib.get_close_matches(name, FIELDS, n=1)
            raise ValueError(f"{name} is no field of a line{f'; did you mean {close[0]}?' if close else ''}")
    given = [name for name in ADDRESSEES if name in line]
    if len(given) != 1:
        raise ValueError(f"needs exactly one of {', '.join(ADDRESSEES)}")


def _recipients(line: dict[str, Any]) -> Any:
    of_one = {name: line[name] for name in RECIPIENT_FIELDS & line.keys()}
    if "recipients" in line:
        if of_one:
            raise ValueError(f"{min(of_one)} belongs into each of the recipients")
        return line["recipients"]
    if "to" in line:
        return [{"identity": line["to"], **of_one}]
    recipient = line["recipient"]
    if not isinstance(recipient, dict):
        raise TypeError('recipient is not an object such as {"identity": "email:jane@example.com"}')
    return [{**of_one, **recipient}]


def _refuse_constant(name: str) -> None:
    raise ValueError(f"JSON has no {name}")
