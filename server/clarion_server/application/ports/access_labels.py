"""Defines the repository of access labels."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from clarion_server.domain.access_labels import AccessLabels


class LabelsExhausted(Exception):
    """The sandbox has handed out all the access labels that it can have."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__(f"There are {len(names)} access labels")
        self.names = names
        """Returns those that there are."""


class AccessLabelRepository(Protocol):
    def hand_out(self, sandbox: str, names: Collection[str]) -> AccessLabels:
        """Returns the labels of the sandbox with these names, and makes those that do not exist. Raises
        LabelsExhausted, and WriteConflict when another process makes some at the same time.
        """
        ...

    def change_count(self) -> int:
        """Returns a number that has grown when the access labels of anything that events belong to have changed. It
        must be cheap, as watches of events ask with each look.
        """
        ...

    def subject_masks(self) -> dict[tuple[str, str], int]:
        """Returns the bits of the access labels of the subjects that hide their own events, such as fragments, by
        sandbox and name. What was deleted keeps those that it had, until something else gets its name.
        """
        ...
