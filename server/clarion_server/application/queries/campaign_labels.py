"""Remembers the access labels of the campaigns and other subjects of watched events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from clarion_server.application.ports.store import UnitOfWork
from clarion_server.domain.access.access import Visibility
from clarion_server.domain.events.event import Event


@dataclass(frozen=True, slots=True)
class LabelLook:
    """Holds what one read of the store found."""

    change_count: int
    masks: Mapping[int, int]
    """Holds the bits of the labels, by the keys of the campaigns that were asked for."""
    subject_masks: Mapping[tuple[str, str], int] | None
    """Holds those of the subjects that have some, by sandbox and name; None: they have not changed."""


class CampaignLabels:
    """Remembers the access labels of campaigns. An instance belongs to one event loop. What it says holds for the last
    look, which comes with each read of events.
    """

    def __init__(self) -> None:
        self._change_count = -1
        self._masks: dict[int, int] = {}
        self._subject_masks: Mapping[tuple[str, str], int] = {}

    def look(self, unit: UnitOfWork, events: Iterable[Event]) -> LabelLook:
        """Reads what is not known of the campaigns of these events, and all that was known when labels have changed.

        It changes nothing, so that it may run on another thread.
        """
        change_count = unit.access_labels.change_count()
        asked = {event.campaign_key for event in events if event.campaign_key is not None}
        is_same = change_count == self._change_count
        keys = asked - set(self._masks) if is_same else asked | set(self._masks)
        subject_masks = None if is_same else unit.access_labels.subject_masks()
        return LabelLook(change_count, unit.campaigns.access_masks(keys) if keys else {}, subject_masks)

    def learn(self, look: LabelLook) -> None:
        self._change_count = look.change_count
        self._masks |= look.masks
        if look.subject_masks is not None:
            self._subject_masks = look.subject_masks

    def hides(self, event: Event, visibility: Visibility) -> bool:
        """Returns whether the event belongs to a campaign, or to another subject, that the caller does not see."""
        key = event.campaign_key
        if key is None:
            return bool(self._subject_masks.get((event.sandbox, event.subject), 0) & visibility.hidden)
        return bool(self._masks.get(key, 0) & visibility.hidden)
