"""Defines the repository of the schedules of turns, one for each rate of a campaign or a sending policy."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from clarion_server.domain.instant import Instant
from clarion_server.domain.messages.turns import TurnSchedule


@dataclass(frozen=True, slots=True)
class Retiming:
    """The messages that wait for turns of a schedule that has begun anew are given new ones."""

    schedule: str
    sandbox: str
    epoch: int
    after: tuple[int, str] = (0, "")
    """Is the last message that was looked at, by the key of its campaign and its id."""


class TurnScheduleRepository(Protocol):
    def lock(self, names: Collection[str]) -> dict[str, TurnSchedule]:
        """Returns those of these schedules that have a rate. Nobody else changes them before the transaction ends."""
        ...

    def save(self, schedules: Mapping[str, TurnSchedule]) -> None:
        """Stores locked schedules."""
        ...

    def set_rate(self, name: str, sandbox: str, rate: float, now: Instant) -> None:
        """Sets the rate of a schedule, 0 for none. When it changes, turns begin anew, and those that were given are to
        be given anew.
        """
        ...

    def begin_anew(self, names: Collection[str]) -> None:
        """Lets the turns of schedules begin anew, as if their rates had changed."""
        ...

    def begun_retiming(self) -> Retiming | None:
        """Returns a retiming that is not finished, if there is one. Nobody else goes on with it until the transaction
        ends.
        """
        ...

    def go_on(self, retiming: Retiming) -> None:
        """Stores how far the retiming is."""
        ...

    def finish(self, retiming: Retiming) -> None:
        """Ends the retiming. Deletes the schedule if it has no rate any more."""
        ...
