"""Adds identities to the lists of audiences, some in each commit, so that triggers hardly wait."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from clarion_server.application.identity_reader import IdentityReader, stored_namespaces
from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.resource_lookup import find_audience
from clarion_server.application.resumable_imports import handle_once
from clarion_server.application.transactions import Transactions
from clarion_server.application.validation import refuse_invalid
from clarion_server.domain.access.access import Caller
from clarion_server.domain.audiences.audience import MAX_LISTED, Audience, IdentityList
from clarion_server.domain.errors import InvalidFields
from clarion_server.domain.instant import DAY, HOUR, Instant, Span
from clarion_server.domain.people.identity import Identity
from clarion_server.domain.people.import_place import ImportPlace
from clarion_server.domain.people.import_result import ImportOutcome, ImportResult
from clarion_server.domain.violation import Violation, malformed, required, too_many

#: One call adds at most this many identities.
MAX_IDENTITIES = 1_000
#: One commit adds at most this many identities, which takes some milliseconds: triggers may have to wait for that long.
_STEP = 200
_ADDED = ImportResult(ImportOutcome.CREATED)
_REPEATED = ImportResult(ImportOutcome.UNCHANGED)
_UPLOAD_ID = re.compile("[A-Za-z0-9_-]{1,64}")

#: An upload to which nothing was added for so long is deleted.
_ABANDONED_AFTER: Span = DAY
#: A list that was replaced stays for whoever is reading it.
_REPLACED_FOR: Span = HOUR


@dataclass(frozen=True, slots=True)
class UploadIdentities:
    audience_id: str
    identities: Sequence[str]
    upload_id: str = ""
    """Empty means that the identities are added to the audience's list."""
    completes: bool = False
    """Says whether the upload becomes the audience's list."""
    place: ImportPlace | None = None
    """Says where the identities belong in an import, none of which are added twice."""


@dataclass(slots=True)
class Uploaded:
    added_count: int = 0
    repeated_count: int = 0
    rejected: list[tuple[int, Violation]] = field(default_factory=list)
    """Holds those that were refused, with their positions in the command."""
    identity_list: IdentityList | None = None
    """Is the list to which they were added, as it is then."""


class AudienceUploads:
    def __init__(self, transactions: Transactions, identities: IdentityReader, clock: Clock) -> None:
        self._transactions = transactions
        self._identities = identities
        self._clock = clock

    async def upload(self, command: UploadIdentities, caller: Caller) -> Uploaded:
        """Adds what is well-formed. When it raises Unavailable, some of it may be stored. It may be repeated.

        Raises InvalidFields or ResourceNotFound.
        """
        refuse_invalid([], _violations(command))
        uploaded = Uploaded()
        for start in range(0, max(len(command.identities), 1), _STEP):
            await self._add(command, start, uploaded, caller)
        await self._transactions.await_durable()
        return uploaded

    async def _add(self, command: UploadIdentities, start: int, uploaded: Uploaded, caller: Caller) -> None:
        """Adds the identities from the position `start` on in one commit, and counts them."""
        texts = command.identities[start : start + _STEP]
        completes = command.completes and start + _STEP >= len(command.identities)

        def add(unit: UnitOfWork) -> tuple[list[ImportResult], IdentityList]:
            now = self._clock.now()
            audience = find_audience(unit, caller.visibility, command.audience_id)
            _begin_anew_without_list(unit, audience, command, now)

            def handle(skipped: int) -> list[ImportResult]:
                listed = _list_for(unit, audience, command.upload_id, now)
                return self._add_to(unit, listed, texts[skipped:], start + skipped, caller, now)

            results = handle_once(unit, command.place and command.place.behind(start), len(texts), handle, now)
            listed = _list_for(unit, audience, command.upload_id, now)
            if completes and not listed.is_current:
                unit.audiences.complete(audience, listed, now)
            return results, unit.audiences.lists_of(audience)[listed.upload_id]

        results, uploaded.identity_list = await self._transactions.write(
            add, bulk=True, rest=self._transactions.usual_rest, durable_later=True
        )
        _count(uploaded, start, results)

    def _add_to(
        self, unit: UnitOfWork, listed: IdentityList, texts: Sequence[str], start: int, caller: Caller, now: Instant
    ) -> list[ImportResult]:
        stored = stored_namespaces(unit, caller.sandbox, texts)
        read = [self._identities.read(text, f"identities[{index}]", stored) for index, text in enumerate(texts, start)]
        accepted = {each.key: each for each in reversed(read) if isinstance(each, Identity)}
        _check_room(listed, len(accepted))
        new = unit.audiences.add_members(listed, list(accepted.values()), now) if accepted else set()
        results: list[ImportResult] = []
        for each in read:
            if isinstance(each, Violation):
                results.append(ImportResult(ImportOutcome.REJECTED, violations=(each,)))
            else:
                results.append(_ADDED if each.key in new else _REPEATED)
                # A call may name it again.
                new.discard(each.key)
        return results


def _count(uploaded: Uploaded, start: int, results: Sequence[ImportResult]) -> None:
    for index, result in enumerate(results, start):
        if result.outcome is ImportOutcome.CREATED:
            uploaded.added_count += 1
        elif result.outcome is ImportOutcome.REJECTED:
            uploaded.rejected += ((index, violation) for violation in result.violations)
        else:
            uploaded.repeated_count += 1


def purge_lists(unit: UnitOfWork, now: Instant, limit: int) -> int:
    """Deletes up to `limit` members of lists that no audience needs. Returns how many rows it has deleted."""
    return unit.audiences.purge_lists(now - _ABANDONED_AFTER, now - _REPLACED_FOR, limit)


def _violations(command: UploadIdentities) -> Iterator[Violation]:
    if not command.identities and not command.completes:
        yield required("identities")
    if len(command.identities) > MAX_IDENTITIES:
        yield too_many("identities", MAX_IDENTITIES)
    if command.place:
        yield from command.place.violations()
        return
    if command.completes and not command.upload_id:
        yield required("upload_id")
    if command.upload_id and not _UPLOAD_ID.fullmatch(command.upload_id):
        yield malformed("upload_id", "Must have 1 to 64 letters, digits, hyphens and underscores.")


def _begin_anew_without_list(unit: UnitOfWork, audience: Audience, command: UploadIdentities, now: Instant) -> None:
    """Forgets which rows of an import were handled if the list that they were added to is gone, as when it was left for
    a day or replaced: the list that is made now would lack them. Raises InvalidFields when a call completes such a list
    and has no identities.
    """
    if not command.upload_id:
        return
    # This comes first, as it waits for whoever adds to the same import.
    progress = None if command.place is None else unit.imports.lock(command.place, now)
    if command.upload_id in unit.audiences.lists_of(audience):
        return
    if progress is not None:
        unit.imports.begin_anew(progress)
    elif not command.identities:
        description = "There is no such upload: it was left for a day, or nothing was added to it. Begin a new one."
        raise InvalidFields((Violation("upload_id", "UPLOAD_UNKNOWN", description),))


def _list_for(unit: UnitOfWork, audience: Audience, upload_id: str, now: Instant) -> IdentityList:
    """Returns the list to which the identities are added; begins an upload that is new. Raises InvalidFields."""
    if audience.listed is None:
        raise InvalidFields((Violation("name", "NOT_ALLOWED", "The audience has a condition, and no list."),))
    if not upload_id:
        return audience.listed
    listed = unit.audiences.lists_of(audience).get(upload_id)
    if listed is None:
        return unit.audiences.add_list(audience, upload_id, now)
    if listed.replace_time is not None:
        description = "The list of this upload was replaced, or left for a day. Begin a new one."
        raise InvalidFields((Violation("upload_id", "ALREADY_USED", description),))
    return listed


def _check_room(listed: IdentityList, count: int) -> None:
    if listed.identity_count + count > MAX_LISTED:
        raise InvalidFields((too_many("identities", MAX_LISTED),))
