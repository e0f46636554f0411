"""Reads and writes profiles as CSV (RFC 4180) or as one JSON object a line.

Columns of CSV, of which a cell that is empty leaves what is stored:

- `email`, `phone`, `push` and `identity.NAMESPACE`: an identity; `identities`: one identity a line of the cell.
- `locale`, `time_zone`.
- `attributes.NAME`: an attribute, as text or as `attributes.NAME:integer`, `:number`, `:boolean`, `:json`;
  `attributes`: several of them as a JSON object.
- `consents`: choices as a JSON array, as the lines of a JSON file have them.
- `consent.CHANNEL.TOPIC`: GRANTED or DENIED. `consent.CHANNEL` is about every topic, `consent.any` about every channel.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clarion_client import ConsentChange, ExportedProfile, FieldError, Profile

from clarion_server.transport.cli.csv_rows import LONGEST_ROW, ROW_TOO_LONG, CsvRows, csv_line, harmless, too_long
from clarion_server.transport.cli.failures import CommandFailed
from clarion_server.transport.cli.json_input import parse_json

#: Columns that are identities of the namespace of the same name.
NAMESPACES = ("email", "phone", "push")
COLUMNS = ("identities", "locale", "time_zone", "attributes", "consents")
#: Is the name of the cell that holds a line of a JSON file in a file of rejected rows.
JSON_CELL = "cells"
#: Says what an export has beside that and an import ignores.
_ASSIGNED = frozenset({"name", "etag", "create_time", "update_time", "first_seen_time"})
#: `int` would take `1_000` and digits of every script.
_WHOLE = re.compile("[+-]?[0-9]{1,400}")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
#: Is the path of an item of a list in a profile, as a violation has it.
_ITEM = re.compile(r"(identities|consents)\[([0-9]+)\]")
_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@dataclass(frozen=True, slots=True)
class Row:
    """Is a row that begins at this line of the file, counted from 1, as a profile; or the problem with it."""

    line: int
    cells: tuple[str, ...]
    profile: Profile | None
    problem: str = ""
    consents: tuple[ConsentChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Form:
    """Says what cells and columns of a CSV file mean."""

    null: str | None = None
    """Is the text of a cell that removes the attribute."""
    attributes_from_rest: bool = False
    """Says whether a column that is none of the known ones is an attribute."""


#: Puts a cell into the data of a profile. None removes what the cell stands for.
Put = Callable[[dict[str, Any], str | None], None]


def read_csv(rows: CsvRows, form: Form) -> Iterator[Row]:
    """Yields the rows as profiles. Rejected lines of a JSON file are read as such lines.

    Raises CommandFailed when there is no header line, when it has unknown columns, and where the file is no CSV.
    """
    if rows.are_rejected and rows.names == [JSON_CELL]:
        yield from _read_json((line, "".join(cells)) for line, cells in rows)
        return
    columns = _columns(rows.names, form)
    for line, cells in rows:
        problem = too_long(rows.names, cells)
        yield Row(line, tuple(cells), None, problem) if problem else _csv_row(line, cells, columns, form)


def read_jsonl(lines: Iterable[str]) -> Iterator[Row]:
    yield from _read_json(enumerate(lines, 1))


def _read_json(lines: Iterable[tuple[int, str]]) -> Iterator[Row]:
    for number, line in lines:
        text = line.strip()
        if not text:
            continue
        if len(text) > LONGEST_ROW:
            yield Row(number, (text,), None, ROW_TOO_LONG)
            continue
        try:
            given = {name: value for name, value in _json_object(text).items() if name not in _ASSIGNED}
            consents = given.pop("consents", [])
            yield Row(number, (text,), Profile.from_dict(given), consents=_consents(consents))
        except (ValueError, RecursionError, FieldError) as error:
            yield Row(number, (text,), None, f"This is no profile: {error}.")


def column_of(path: str, columns: Sequence[str], cells: Sequence[str]) -> str:
    """Returns the column of the identity or the choice with that path, or the path where no column has it alone."""
    found = _ITEM.match(path)
    if found is None:
        return path
    kind, index = found[1], int(found[2])
    given = [name for name, cell in zip(columns, cells, strict=False) if cell.strip() and _kind_of(name) == kind]
    return path if kind in given or index >= len(given) else given[index]


def _kind_of(column: str) -> str:
    if column in NAMESPACES or column.startswith("identity."):
        return "identities"
    return "consents" if column.startswith("consent.") else column


def write_csv(exported: Iterable[ExportedProfile], *, spreadsheet_safe: bool) -> Iterator[str]:
    """Yields the lines of a file that `read_csv` reads as the same profiles, unless it is written for spreadsheets."""
    yield csv_line(COLUMNS)
    for each in exported:
        profile = each.profile
        attributes = json.dumps(_in_order(profile.attributes), ensure_ascii=False) if profile.attributes else ""
        consents = json.dumps(_choices(each), ensure_ascii=False) if each.consents else ""
        cells = ("\n".join(profile.identities), profile.locale, profile.time_zone, attributes, consents)
        yield csv_line(map(harmless, cells) if spreadsheet_safe else cells)


def to_data(exported: ExportedProfile) -> dict[str, Any]:
    """Returns the data of a line that `read_jsonl` reads as the same profile."""
    data = exported.profile.to_dict()
    data["attributes"] = _in_order(data["attributes"])
    return {**data, "consents": _choices(exported)} if exported.consents else data


def _in_order(value: Any) -> Any:
    """Returns the value with the names of its objects in order, as each answer may have them in another one."""
    if isinstance(value, Mapping):
        return {name: _in_order(value[name]) for name in sorted(value)}
    return [_in_order(each) for each in value] if isinstance(value, list | tuple) else value


def _choices(exported: ExportedProfile) -> list[dict[str, Any]]:
    """Returns the choices as an import takes them."""
    return [
        {name: value for name, value in consent.to_dict().items() if name != "change"} for consent in exported.consents
    ]


def _columns(header: Sequence[str], form: Form) -> list[Put]:
    if not any(header):
        raise CommandFailed("The file has no header line.", hint="Name the columns in the first line.")
    for name in header:
        if header.count(name) > 1:
            raise CommandFailed(f"The column {name!r} is given twice.")
    return [_telling_the_column(name, _column(name, form)) for name in header]


def _telling_the_column(name: str, put: Put) -> Put:
    def put_or_tell(data: dict[str, Any], cell: str | None) -> None:
        try:
            put(data, cell)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error

    return put_or_tell


def _column(name: str, form: Form) -> Put:
    kind, _, rest = name.partition(".")
    if put := _named_column(name):
        return _given(put)
    if kind == "consent" and rest:
        channel, _, topic = rest.partition(".")
        return _given(lambda data, cell: data["consents"].append(_consent(channel, topic, cell)))
    if kind == "attributes" and rest:
        return _attribute(rest)
    if form.attributes_from_rest:
        return _attribute(name)
    others = ("identity.NAMESPACE", *COLUMNS, "attributes.NAME", "consent.CHANNEL.TOPIC")
    known = ", ".join((*NAMESPACES, *others))
    raise CommandFailed(
        f"The column {name!r} is not one of {known}.", hint="--attributes-from-rest makes other columns attributes."
    )


def _named_column(name: str) -> Callable[[dict[str, Any], str], None] | None:
    """Returns what puts the cells of a column whose name is fixed; None for any other column."""
    kind, _, rest = name.partition(".")
    if name in NAMESPACES or (kind == "identity" and rest):
        namespace = rest or name
        return lambda data, cell: data["identities"].append(f"{namespace}:{cell}")
    match name:
        case "identities":
            return lambda data, cell: data["identities"].extend(cell.splitlines())
        case "locale" | "time_zone":
            return lambda data, cell: data.__setitem__(name, cell)
        case "attributes":
            return lambda data, cell: data["attributes"].update(_json_object(cell))
        case "consents":
            return lambda data, cell: data["consents"].extend(_json_array(cell))
        case _:
            return None


def _given(put: Callable[[dict[str, Any], str], None]) -> Put:
    def put_given(data: dict[str, Any], cell: str | None) -> None:
        if cell is None:
            raise ValueError("Only attributes can be removed by an import")
        put(data, cell)

    return put_given


def _attribute(name: str) -> Put:
    attribute, colon, kind = name.rpartition(":") if ":" in name else (name, "", "")
    if colon and kind not in _TYPES:
        raise CommandFailed(f"The column {name!r} has no type of {', '.join(_TYPES)}.")
    parse = _TYPES[kind] if colon else str
    return lambda data, cell: data["attributes"].__setitem__(attribute, None if cell is None else parse(cell))


def _csv_row(line: int, cells: Sequence[str], columns: Sequence[Put], form: Form) -> Row:
    if len(cells) > len(columns):
        return Row(line, tuple(cells), None, "It has more cells than the header line.")
    data: dict[str, Any] = {"identities": [], "attributes": {}, "consents": []}
    if problems := list(_filled(data, columns, cells, form)):
        return Row(line, tuple(cells), None, " ".join(problems))
    try:
        consents = _consents(data.pop("consents"))
        return Row(line, tuple(cells), Profile.from_dict(data), consents=consents)
    except (ValueError, FieldError) as error:
        return Row(line, tuple(cells), None, f"{error}.")


def _filled(data: dict[str, Any], columns: Sequence[Put], cells: Sequence[str], form: Form) -> Iterator[str]:
    """Puts the cells of a row into the data, and yields what is wrong with each that cannot be read."""
    for put, written in zip(columns, cells, strict=False):
        if cell := written.strip():
            try:
                put(data, None if cell == form.null else cell)
            except ValueError as error:
                yield f"{error}."


def _consent(channel: str, topic: str, choice: str) -> dict[str, Any]:
    about = {"channel": "" if channel == "any" else channel.upper(), "topic": topic}
    return {name: value for name, value in about.items() if value} | {"choice": choice.upper()}


def _consents(given: Sequence[Mapping[str, Any]]) -> tuple[ConsentChange, ...]:
    """Returns choices that were taken from a file."""
    return tuple(ConsentChange.from_dict({"source": "IMPORT", **change}) for change in given)


def _json_object(text: str) -> Mapping[str, Any]:
    data = parse_json(text)
    if not isinstance(data, dict):
        raise ValueError("It is not a JSON object")  # noqa: TRY004 - a text of the wrong form
    return data


def _json_array(text: str) -> Sequence[Any]:
    data = parse_json(text)
    if not isinstance(data, list) or not all(isinstance(each, dict) for each in data):
        raise ValueError("It is not a JSON array of objects")
    return data


def _integer(cell: str) -> int:
    if not _WHOLE.fullmatch(cell):
        raise ValueError(f"{cell!r} is not a whole number")
    return int(cell)


def _number(cell: str) -> float:
    number = float(cell) if _NUMBER.fullmatch(cell) else math.nan
    if not math.isfinite(number):
        raise ValueError(f"{cell!r} is not a number such as -12.5")
    return number


def _boolean(cell: str) -> bool:
    truth = _TRUTH.get(cell.lower())
    if truth is None:
        raise ValueError(f"{cell!r} is neither true nor false")
    return truth


_TYPES: Mapping[str, Callable[[str], Any]] = {
    "text": str,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "json": parse_json,
}
