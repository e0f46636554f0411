"""Access labels restrict what a key sees: it sees a resource only when it holds every label of the resource."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from clarion_server.domain.text_rules import repetition_violations
from clarion_server.domain.violation import Violation, malformed, too_many

#: A sandbox has at most this many labels in its life. Each is a bit of an integer and is never reused: otherwise a
#: watch that still runs with a revoked key would see what a newer label with the same bit hides.
MAX_ACCESS_LABELS = 64

#: Resources have their access labels in this field.
FIELD = "access_labels"

_NAME = re.compile("[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?")


def bit_of(number: int) -> int:
    """Returns the bit of the label with that number, 0 to 63, in a signed integer of 64 bits, as databases have them.

    The last one is the sign. As Python continues the sign without end, masks are joined and compared as in a database.
    """
    return -(1 << number) if number == MAX_ACCESS_LABELS - 1 else 1 << number


@dataclass(frozen=True, slots=True)
class AccessLabels:
    """Is a set of labels of one sandbox."""

    numbers: tuple[tuple[str, int], ...] = ()
    """Holds the names, sorted, each with the number of its bit."""
    mask: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.numbers)

    def includes(self, others: AccessLabels) -> bool:
        """Returns whether all of the others are among these."""
        return not others.mask & ~self.mask

    def picked(self, names: Iterable[str]) -> AccessLabels:
        """Returns the labels of this set that have one of the names."""
        wanted = set(names)
        return access_labels({name: number for name, number in self.numbers if name in wanted})


NO_ACCESS_LABELS = AccessLabels()
#: Stands for all labels of a sandbox, whatever they are.
EVERY_ACCESS_LABEL = AccessLabels(mask=-1)


def access_labels(numbers: Mapping[str, int]) -> AccessLabels:
    """Returns the set of the labels with these names and numbers."""
    if not numbers:
        return NO_ACCESS_LABELS
    mask = 0
    for number in numbers.values():
        mask |= bit_of(number)
    return AccessLabels(tuple(sorted(numbers.items())), mask)


def label_name_violations(names: Sequence[str]) -> Iterator[Violation]:
    """Yields what is wrong with names of labels, whoever gives them."""
    if len(names) > MAX_ACCESS_LABELS:
        yield too_many(FIELD, MAX_ACCESS_LABELS)
        return
    for index, name in enumerate(names):
        if not _NAME.fullmatch(name):
            what = "Must be 1 to 32 lower-case letters, digits and hyphens, and neither begin nor end with a hyphen."
            yield malformed(f"{FIELD}[{index}]", what)
    yield from repetition_violations(names, FIELD)


def held_label_violations(names: Sequence[str], held: AccessLabels) -> list[Violation]:
    """Returns what is wrong with the labels that a caller gives to a resource. `held` are the labels of the caller's
    key.

    A label that does not exist is refused like one that the key does not hold, so that nobody finds out which exist.
    """
    broken = list(label_name_violations(names))
    if len(names) > MAX_ACCESS_LABELS:
        return broken
    wrong = {each.field for each in broken}
    fields = {f"{FIELD}[{index}]": name for index, name in enumerate(names)}
    what = "Must be a label that the calling key holds. An administrator creates keys with further ones."
    not_held = set(names) - set(held.names)
    return broken + [
        Violation(field, "LABEL_NOT_HELD", what)
        for field, name in fields.items()
        if name in not_held and field not in wrong
    ]


def is_label_name(text: str) -> bool:
    return _NAME.fullmatch(text) is not None
