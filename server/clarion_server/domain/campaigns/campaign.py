"""Defines campaigns: their versions and their states."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from clarion_server.domain.access_labels import NO_ACCESS_LABELS, AccessLabels
from clarion_server.domain.approvable import DraftKey, DraftKind, Traits
from clarion_server.domain.campaign_states import (
    ALLOWED_FROM,
    ApprovalState,
    CampaignState,
    Transition,
    check_approval_allows,
)
from clarion_server.domain.campaigns.campaign_definition import NO_SCHEDULE, CampaignDefinition, Schedule
from clarion_server.domain.errors import EtagMismatch, IllegalTransition
from clarion_server.domain.fragments.fragment_reference import read_reference
from clarion_server.domain.instant import Instant
from clarion_server.domain.tags import folded


class QueueDisposal(StrEnum):
    """Says whether the queued messages of a stopped campaign are still sent."""

    DRAIN = "DRAIN"
    CANCEL = "CANCEL"


@dataclass(frozen=True, slots=True)
class CampaignVersion:
    """Is an immutable snapshot of a definition, taken at activation."""

    campaign_key: int
    number: int
    definition: CampaignDefinition
    create_time: Instant
    creator: str
    approvers: tuple[str, ...] = ()
    """Holds the names of the keys that approved it."""
    bypass_reason: str = ""
    """Says why it was activated without the approvals that were asked for; empty when it had them, or none were."""
    fragments: Mapping[str, int] = field(default_factory=dict)
    """Is the version of each fragment that it keeps to, by the name in a template, such as `fragments/footer`."""

    @property
    def pins(self) -> Mapping[str, int]:
        """Returns the versions that names without a number mean, by the ids of their fragments."""
        read = ((read_reference(name), number) for name, number in self.fragments.items())
        return {each.fragment_id: number for each, number in read if each is not None and not each.version}


@dataclass(frozen=True, slots=True)
class Campaign:
    """Is a campaign with its draft and its state. Every transition returns a new campaign with the next revision."""

    sandbox: str
    id: str
    definition: CampaignDefinition
    """Is the draft."""
    create_time: Instant
    creator: str
    update_time: Instant
    updater: str
    tags: tuple[str, ...] = ()
    """They belong to no version, and are compared without case."""
    key: int = 0
    """Is assigned by the store. Messages refer to the campaign by it."""
    revision: int = 1
    """Is the number of changes, which is part of the etag."""
    state: CampaignState = CampaignState.DRAFT
    live_version: int = 0
    last_version: int = 0
    draft_pending: bool = True
    schedule: Schedule = NO_SCHEDULE
    """Is the schedule of the live version."""
    activate_time: Instant | None = None
    activator: str = ""
    queue_disposal: QueueDisposal | None = None
    """Set when the campaign is stopped."""
    approval_state: ApprovalState | None = None
    """Is that of the draft. None: it is not submitted."""
    draft_editors: tuple[str, ...] = ()
    """Holds the names of the keys that wrote the draft, since it was last activated."""
    used_rules: tuple[tuple[str, str], ...] = ()
    """Holds the rules that its versions have had, each as the ids of its action and its own."""
    access_labels: AccessLabels = NO_ACCESS_LABELS
    """Says which callers see it, and all that its triggers became. They belong to no version."""

    @property
    def name(self) -> str:
        return f"campaigns/{self.id}"

    @property
    def etag(self) -> str:
        return f'"{self.key}-{self.revision}"'

    @property
    def draft_key(self) -> DraftKey:
        return DraftKey(DraftKind.CAMPAIGN, self.key)

    @property
    def approval_traits(self) -> Traits:
        category = self.definition.category
        return {
            "categories": frozenset(() if category is None else (category,)),
            "channels": frozenset(action.content.channel for action in self.definition.actions),
            "tags": frozenset(map(folded, self.tags)),
        }

    def check_etag(self, etag: str) -> None:
        """Raises EtagMismatch when `etag` is not empty and not the current one."""
        if etag and etag != self.etag:
            raise EtagMismatch(self.name)

    def check_may(self, transition: Transition) -> None:
        """Raises IllegalTransition when the state does not allow the transition."""
        allowed = ALLOWED_FROM[transition]
        if self.state not in allowed:
            raise IllegalTransition(self.name, transition.value, self.state.value, tuple(s.value for s in allowed))
        check_approval_allows(transition, self.approval_state, self.name)

    def updated(
        self,
        definition: CampaignDefinition,
        live: CampaignDefinition | None,
        caller: str,
        now: Instant,
        *,
        tags: tuple[str, ...] | None = None,
        access_labels: AccessLabels | None = None,
    ) -> Campaign:
        """Returns the campaign with a new draft, and with new tags and access labels unless they are None. `live` is
        the live version's definition, if there is one.

        In a state that allows no update the tags and the access labels alone may change. Whoever changes neither the
        definition nor the tags has not edited the draft.
        """
        editors = self.draft_editors
        if not _is_same(definition, self.definition):
            self.check_may(Transition.UPDATE)
            editors = (*editors, caller)
        elif tags not in (None, self.tags):
            # Tags decide which approval policies hold.
            check_approval_allows(Transition.UPDATE, self.approval_state, self.name)
            editors = (*editors, caller)
        return self._next(
            definition=definition,
            access_labels=self.access_labels if access_labels is None else access_labels,
            tags=self.tags if tags is None else tags,
            draft_pending=not _is_same(definition, live),
            update_time=now,
            updater=caller,
            draft_editors=tuple(dict.fromkeys(editors)),
        )

    def approval_moved(
        self, transition: Transition, state: ApprovalState | None, caller: str, now: Instant, /
    ) -> Campaign:
        """Returns the campaign with the approval of its draft in another state."""
        self.check_may(transition)
        return self._next(approval_state=state, update_time=now, updater=caller)

    def activated(
        self,
        version: CampaignVersion,
        caller: str,
        now: Instant,
        draft_fragments: Mapping[str, int] | None = None,
    ) -> Campaign:
        """Returns the campaign with `version` as the live one. Its definition must have passed review.

        `draft_fragments` are those that the draft would take, as in the version; None: the same.
        """
        self.check_may(Transition.ACTIVATE)
        schedule = version.definition.schedule
        draft_pending = not _is_same(self.definition, version.definition)
        # What was submitted may be an unchanged draft with newer fragments than this version has.
        is_draft = not draft_pending and draft_fragments in (None, version.fragments)
        rules = [(action.id, rule.id) for action in version.definition.actions for rule in action.rules]
        return self._next(
            # Only Resume lets a paused campaign send again.
            state=self.state if self.state is CampaignState.PAUSED else _state_by(schedule, now),
            live_version=version.number,
            last_version=max(self.last_version, version.number),
            draft_pending=draft_pending,
            approval_state=None if is_draft else self.approval_state,
            draft_editors=self.draft_editors if draft_pending else (),
            used_rules=tuple(dict.fromkeys((*self.used_rules, *rules))),
            schedule=schedule,
            activate_time=now,
            activator=caller,
            update_time=now,
            updater=caller,
        )

    def paused(self, caller: str, now: Instant) -> Campaign:
        self.check_may(Transition.PAUSE)
        return self._next(state=CampaignState.PAUSED, update_time=now, updater=caller)

    def resumed(self, caller: str, now: Instant) -> Campaign:
        """Returns the campaign as live, or as scheduled when its live version starts later."""
        self.check_may(Transition.RESUME)
        return self._next(state=_state_by(self.schedule, now), update_time=now, updater=caller)

    def stopped(self, disposal: QueueDisposal, caller: str, now: Instant) -> Campaign:
        self.check_may(Transition.STOP)
        return self._next(state=CampaignState.STOPPED, queue_disposal=disposal, update_time=now, updater=caller)

    def archived(self, caller: str, now: Instant) -> Campaign:
        self.check_may(Transition.ARCHIVE)
        return self._next(state=CampaignState.ARCHIVED, update_time=now, updater=caller)

    def unarchived(self, caller: str, now: Instant) -> Campaign:
        """Returns the campaign in the state in which it was archived."""
        self.check_may(Transition.UNARCHIVE)
        return self._next(state=self._state_before_archiving(), update_time=now, updater=caller)

    def _state_before_archiving(self) -> CampaignState:
        if self.last_version == 0:
            return CampaignState.DRAFT
        return CampaignState.COMPLETED if self.queue_disposal is None else CampaignState.STOPPED

    def at(self, now: Instant) -> Campaign:
        """Returns the campaign in the state that its schedule requires at `now`; itself when that is its state."""
        start, end = self.schedule.start_time, self.schedule.end_time
        if end is not None and end <= now and self.state in ALLOWED_FROM[Transition.COMPLETE]:
            return self._next(state=CampaignState.COMPLETED)
        if self.state is CampaignState.SCHEDULED and (start is None or start <= now):
            return self._next(state=CampaignState.LIVE)
        return self

    def next_transition_time(self) -> Instant | None:
        """Returns when `at` will next return another state; None when the schedule has no further transition."""
        if self.state is CampaignState.SCHEDULED:
            return self.schedule.start_time
        if self.state in ALLOWED_FROM[Transition.COMPLETE]:
            return self.schedule.end_time
        return None

    def _next(self, **changes: Any) -> Campaign:
        return replace(self, revision=self.revision + 1, **changes)


def _state_by(schedule: Schedule, now: Instant) -> CampaignState:
    """Returns the state of a campaign that may send, until its end."""
    starts_later = schedule.start_time is not None and schedule.start_time > now
    return CampaignState.SCHEDULED if starts_later else CampaignState.LIVE


def _is_same(draft: CampaignDefinition, live: CampaignDefinition | None) -> bool:
    """Returns whether activating the draft would change nothing."""
    if live is None or draft != live:
        return False
    # 1, 1.0 and True are equal in Python, but not in a JSON Schema.
    return _as_json(draft.context_schema) == _as_json(live.context_schema)


def _as_json(schema: Mapping[str, Any] | None) -> str:
    return json.dumps(schema, sort_keys=True)
