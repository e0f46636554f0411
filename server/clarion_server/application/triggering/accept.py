"""Makes accepted triggers durable, many in one commit."""

from __future__ import annotations

from collections.abc import Sequence

from clarion_server.application.group_commit import BulkOperation
from clarion_server.application.ports.metrics import Metrics
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.sending.local_dispatch import ClaimedMessage, LocalDispatch
from clarion_server.application.sending.outcomes import record_accepted
from clarion_server.domain.execution import IDEMPOTENCY_WINDOW, Execution
from clarion_server.domain.instant import Instant
from clarion_server.domain.message import Lane, Message
from clarion_server.domain.value import value


@value
class AcceptItem:
    """One trigger, admitted and ready to be written."""

    execution: Execution
    messages: Sequence[Message]
    revision: int
    """The campaign's, as it was when the trigger was admitted."""
    channel_key: int
    release_time: Instant
    """When the messages may leave."""
    hand_offs: Sequence[ClaimedMessage] | None = None
    """The messages that have places reserved for them. None: they are queued."""

    @property
    def lane(self) -> Lane:
        """Of all its messages: they are of one campaign."""
        return self.messages[0].lane


@value
class Accepted:
    execution: Execution


@value
class Replayed:
    """The request id was there already: this is the execution that it became."""

    execution: Execution


@value
class CampaignChanged:
    """The campaign has changed since the trigger was admitted."""


AcceptResult = Accepted | Replayed | CampaignChanged


class AcceptTriggers(BulkOperation[AcceptItem, AcceptResult]):
    """Each item is written whole or not at all, whatever becomes of the others."""

    def __init__(self, outlets: LocalDispatch, metrics: Metrics) -> None:
        self._outlets = outlets
        self._metrics = metrics

    def apply(self, unit: UnitOfWork, items: Sequence[AcceptItem], /) -> Sequence[AcceptResult]:
        revisions = unit.campaigns.lock_revisions({item.execution.campaign_key for item in items})
        remembered = _remembered(unit, items)
        results: list[AcceptResult] = []
        written: list[AcceptItem] = []
        for item in items:
            result = _decide(item, revisions, remembered)
            if isinstance(result, Accepted):
                written.append(item)
            results.append(result)
        _write(unit, written)
        return results

    def committed(self, items: Sequence[AcceptItem], results: Sequence[AcceptResult], /) -> None:
        """Sending begins with the commit, not with the answer: a caller that goes away takes nothing back."""
        message_count = 0
        for item, result in zip(items, results, strict=True):
            is_accepted = isinstance(result, Accepted)
            if is_accepted:
                message_count += len(item.messages)
            if item.hand_offs is None:
                messages = item.messages if is_accepted else ()
                self._outlets.queued(item.channel_key, item.lane, messages, item.release_time)
            elif is_accepted:
                self._outlets.hand_off(item.channel_key, item.hand_offs)
            else:
                self._outlets.release(item.channel_key, item.lane, len(item.hand_offs))
        self._metrics.count_accepted(message_count)

    def failed(self, item: AcceptItem, _error: Exception, /) -> None:
        if item.hand_offs is not None:
            ids = [each.message.id for each in item.hand_offs]
            self._outlets.requeue(item.channel_key, item.lane, ids, item.execution.accept_time)


def _remembered(unit: UnitOfWork, items: Sequence[AcceptItem]) -> dict[tuple[int, str], Execution]:
    """The executions that hold request ids of these items. Ids whose window has passed are released."""
    wanted = {key: item.execution.accept_time for item in items if (key := _request_key(item.execution)) is not None}
    if not wanted:
        return {}
    found = unit.executions.by_request_ids(wanted)
    lapsed = {key for key, old in found.items() if old.accept_time + IDEMPOTENCY_WINDOW <= wanted[key]}
    if lapsed:
        unit.executions.release_request_ids([found[key].id for key in lapsed])
    return {key: old for key, old in found.items() if key not in lapsed}


def _decide(item: AcceptItem, revisions: dict[int, int], remembered: dict[tuple[int, str], Execution]) -> AcceptResult:
    # A repeated request gets its first answer even when the campaign has changed or ended since.
    key = _request_key(item.execution)
    if key is not None and key in remembered:
        return Replayed(remembered[key])
    if revisions.get(item.execution.campaign_key) != item.revision:
        return CampaignChanged()
    if key is not None:
        # The same id may come twice within one commit.
        remembered[key] = item.execution
    return Accepted(item.execution)


def _request_key(execution: Execution) -> tuple[int, str] | None:
    return None if execution.request_id is None else (execution.campaign_key, execution.request_id)


def _write(unit: UnitOfWork, items: Sequence[AcceptItem]) -> None:
    if not items:
        return
    messages = [message for item in items for message in item.messages]
    unit.executions.add_all([item.execution for item in items])
    unit.messages.add_all(messages)
    record_accepted(unit, messages)
