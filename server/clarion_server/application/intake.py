"""Makes accepted triggers durable, many in one commit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.recording import record_accepted
from clarion_server.domain.execution import IDEMPOTENCY_WINDOW, Execution
from clarion_server.domain.message import Message


@dataclass(frozen=True, slots=True)
class IntakeItem:
    """One trigger, admitted and ready to be written."""

    execution: Execution
    messages: Sequence[Message]
    revision: int
    """The campaign's, as it was when the trigger was admitted."""


@dataclass(frozen=True, slots=True)
class Accepted:
    execution: Execution


@dataclass(frozen=True, slots=True)
class Remembered:
    """The request id was there already: this is the execution that it became."""

    execution: Execution


@dataclass(frozen=True, slots=True)
class Outdated:
    """The campaign has changed since the trigger was admitted."""


IntakeResult = Accepted | Remembered | Outdated


def accept(unit: UnitOfWork, items: Sequence[IntakeItem]) -> Sequence[IntakeResult]:
    """A group-commit operation: each item is written whole or not at all, whatever becomes of the others."""
    revisions = unit.campaigns.revisions({item.execution.campaign_key for item in items})
    remembered = _remembered(unit, items)
    results: list[IntakeResult] = []
    written: list[IntakeItem] = []
    for item in items:
        result = _decide(item, revisions, remembered)
        if isinstance(result, Accepted):
            written.append(item)
        results.append(result)
    _write(unit, written)
    return results


def _remembered(unit: UnitOfWork, items: Sequence[IntakeItem]) -> dict[tuple[int, str], Execution]:
    """The executions that hold request ids of these items. Ids whose window has passed are released."""
    wanted = {key: item.execution.accept_time for item in items if (key := _request_key(item.execution)) is not None}
    if not wanted:
        return {}
    found = unit.executions.by_request_ids(wanted)
    lapsed = {key for key, old in found.items() if old.accept_time + IDEMPOTENCY_WINDOW <= wanted[key]}
    if lapsed:
        unit.executions.release_request_ids([found[key].id for key in lapsed])
    return {key: old for key, old in found.items() if key not in lapsed}


def _decide(item: IntakeItem, revisions: dict[int, int], remembered: dict[tuple[int, str], Execution]) -> IntakeResult:
    # A repeated request gets its first answer even when the campaign has changed or ended since.
    key = _request_key(item.execution)
    if key is not None and key in remembered:
        return Remembered(remembered[key])
    if revisions.get(item.execution.campaign_key) != item.revision:
        return Outdated()
    if key is not None:
        # The same id may come twice within one commit.
        remembered[key] = item.execution
    return Accepted(item.execution)


def _request_key(execution: Execution) -> tuple[int, str] | None:
    return None if execution.request_id is None else (execution.campaign_key, execution.request_id)


def _write(unit: UnitOfWork, items: Sequence[IntakeItem]) -> None:
    if not items:
        return
    messages = [message for item in items for message in item.messages]
    unit.executions.add_all([item.execution for item in items])
    unit.messages.add_all(messages)
    record_accepted(unit, messages)
