"""Tells people apart by what rules read of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from clarion_server.adapters.conditions.condition import Projection
from clarion_server.adapters.targeting.names import LOCALE
from clarion_server.domain.campaigns.targeting import Person

Key = tuple[object, ...]

#: Of people who are told apart by many things, no two are alike.
_MOST_PATHS = 16
#: Is in characters.
_LONGEST = 64
_Path = tuple[str, ...]


class DataKey:
    """Makes keys of people: of two with the same key, rules are the same."""

    def __init__(
        self, context: Projection | None, profile: Projection | None, texts: Collection[str], *, has_audiences: bool
    ) -> None:
        """The projections are what rules read of both, None for nothing; `texts` is what they read of the recipient.
        `has_audiences`: whether they ask to which audiences the recipient belongs.
        """
        self._context, self._profile = list(_leaves(context)), list(_leaves(profile))
        self._has_locale = LOCALE in texts
        self._has_audiences = has_audiences
        paths = [*self._context, *self._profile]
        # Everybody has an address and an identity of their own.
        self._is_possible = set(texts) <= {LOCALE} and () not in paths and len(paths) <= _MOST_PATHS

    def of(self, person: Person) -> Key | None:
        """Returns None for somebody who has something else than a few short values, and whom nobody else is like."""
        if not self._is_possible:
            return None
        found: list[object] = [person.locale] if self._has_locale else []
        if self._has_audiences:
            found.append(person.audiences)
        for values, paths in ((person.context, self._context), (person.profile, self._profile)):
            for path in paths:
                each = _part(values, path)
                if each is None:
                    return None
                found.append(each)
        return tuple(found)


def _leaves(projection: Projection | None, before: _Path = ()) -> Iterator[_Path]:
    """Yields the paths that are read, each of which stands for all that is behind it."""
    if projection is None:
        return
    if not projection:
        yield before
    for name, members in projection.items():
        yield from _leaves(members, (*before, name))


def _part(values: Mapping[str, Any], path: _Path) -> object | None:
    """Returns what stands for the value at a path; None for a value that makes no key."""
    value: Any = values
    for step, name in enumerate(path):
        if not isinstance(value, dict):
            return _scalar(value, step)
        if name not in value:
            return ("", "missing", step)
        value = value[name]
    return _scalar(value, len(path))


def _scalar(value: Any, step: int) -> object | None:
    """Returns what stands for a value that was reached after so many steps.

    Only texts and numbers stand for themselves, in pairs: in Python `True == 1.0`, which is not so in rules.
    """
    if value is None or value is True or value is False:
        return ("", str(value), step)
    if isinstance(value, (int, float)):
        return (float(value), step)
    return (value, step) if isinstance(value, str) and len(value) <= _LONGEST else None
