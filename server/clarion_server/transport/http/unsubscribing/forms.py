"""Reads what the forms of the pages send."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs

from starlette.requests import Request

from clarion_server.domain.consent.preference_page import Tick

MAX_BODY_BYTES: Final = 16 * 1024
#: Stands for all marketing that belongs to none of the topics.
OTHERS: Final = "*"
UNSUBSCRIBE, SAVE, NONE = "unsubscribe", "save", "none"

#: Is a box as it was shown: the topic, whether it was ticked, and the version of the words beside it.
_SHOWN = re.compile(rf"({re.escape(OTHERS)}|[a-z0-9-]{{1,64}})([+-])([0-9a-f]{{16}})")
#: Further fields are not read: a page has two for each topic, of which there are a hundred at most.
_MAX_FIELDS = 300


class BodyTooLong(Exception):
    """The body of the request is longer than any form of these pages."""


class FormIncomplete(Exception):
    """The body is no form of these pages, or a part of one."""


@dataclass(frozen=True, slots=True)
class Form:
    action: str
    """Is the button that was pressed: UNSUBSCRIBE, SAVE or NONE."""
    ticks: Mapping[str | None, Tick]


def shown(value: str, is_ticked: bool, text_version: str) -> str:
    """Returns the value that a form sends for a box besides its tick."""
    return f"{value}{'+' if is_ticked else '-'}{text_version}"


async def read_body(request: Request) -> bytes:
    """Raises BodyTooLong."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY_BYTES:
            raise BodyTooLong
    return body


def read_form(body: bytes) -> Form:
    """Raises FormIncomplete."""
    try:
        fields = parse_qs(body.decode(), max_num_fields=_MAX_FIELDS)
    except ValueError:
        raise FormIncomplete from None
    action = fields.get("action", [""])[-1]
    if action not in {UNSUBSCRIBE, SAVE, NONE}:
        raise FormIncomplete
    boxes = [_SHOWN.fullmatch(each) for each in fields.get("shown", [])]
    wanted = frozenset(fields.get("wanted", []))
    if action == SAVE and (not boxes or None in boxes):
        raise FormIncomplete
    return Form(
        action,
        {
            None if box[1] == OTHERS else box[1]: Tick(box[2] == "+", box[1] in wanted, box[3])
            for box in boxes
            if box is not None
        },
    )
