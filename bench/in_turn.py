"""Runs loads in turn, a short round of each at a time: a slow moment of the machine then affects all of them alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bench.load import Timed, together

#: Each load has so many turns that count, and one before them that warms up.
ROUNDS = 5


def in_turn(loads: Mapping[str, Callable[[], Timed]]) -> dict[str, Timed]:
    """Runs one round of each load after the other, and again. Returns what the rounds of each came to together."""
    for load in loads.values():
        load()
    found: dict[str, list[Timed]] = {name: [] for name in loads}
    for _ in range(ROUNDS):
        for name, load in loads.items():
            found[name].append(load())
    return {name: together(rounds) for name, rounds in found.items()}
