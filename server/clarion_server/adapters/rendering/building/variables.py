"""Changes the names of variables, and the keys of texts, in the tokens of a tag."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from clarion_server.adapters.rendering.building.fragment_source import Token
from clarion_server.adapters.rendering.templates.texts import TRANSLATE

_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")


def fresh_name(name: str, taken: set[str]) -> str:
    """Returns a name that is not taken."""
    number = 2
    while f"{name}_{number}" in taken:
        number += 1
    return f"{name}_{number}"


def renamed(tokens: Sequence[Token], names: Mapping[str, str], text_prefix: str, *, is_block: bool) -> str:
    """Returns the inner text of a tag with other names of variables. `text_prefix` begins each key of a text."""
    written = list(_renamed(tokens, names, is_block=is_block))
    if text_prefix:
        for index in reversed(range(len(written))):
            if _is_call(written, tokens, index):
                _prefix_key(written, tokens, index, text_prefix)
    return "".join(written)


def _renamed(tokens: Sequence[Token], names: Mapping[str, str], *, is_block: bool) -> Iterator[str]:
    depth, before, is_first = 0, "", is_block
    for index, (kind, text) in enumerate(tokens):
        if kind == "whitespace":
            yield text
            continue
        if kind == "operator":
            depth += (text in _OPENING) - (text in _CLOSING)
        is_variable = kind == "name" and not is_first and before not in {".", "|", "is", "is not"}
        if is_variable and not (depth and _next(tokens, index) == "="):
            yield names.get(text, text)
        else:
            yield text
        before = "is not" if (before, text) == ("is", "not") else text
        is_first = False


def _next(tokens: Sequence[Token], index: int) -> str:
    """Returns the token behind one, without white space."""
    return next((text for kind, text in tokens[index + 1 :] if kind != "whitespace"), "")


def _is_call(written: Sequence[str], tokens: Sequence[Token], index: int) -> bool:
    """Returns whether a token is the name of the function that writes texts, where it is called."""
    if tokens[index] != ("name", TRANSLATE) or written[index] != TRANSLATE or _next(tokens, index) != "(":
        return False
    before = next((text for kind, text in reversed(tokens[:index]) if kind != "whitespace"), "")
    return before not in {".", "|"}


def _prefix_key(written: list[str], tokens: Sequence[Token], index: int, prefix: str) -> None:
    start = next(at for at in range(index + 1, len(tokens)) if tokens[at][1] == "(") + 1
    end = _end_of_argument(tokens, start)
    inner = [at for at in range(start, end) if tokens[at][0] != "whitespace"]
    if len(inner) == 1 and tokens[inner[0]][0] == "string":
        key = written[inner[0]]
        written[inner[0]] = f"{key[0]}{prefix}{key[1:]}"
    elif inner:
        written[inner[0]] = f'"{prefix}" ~ ({written[inner[0]]}'
        written[inner[-1]] = f"{written[inner[-1]]})"


def _end_of_argument(tokens: Sequence[Token], start: int) -> int:
    depth = 0
    for at in range(start, len(tokens)):
        text = tokens[at][1] if tokens[at][0] == "operator" else ""
        if not depth and text in {",", ")"}:
            return at
        depth += (text in _OPENING) - (text in _CLOSING)
    return len(tokens)
