"""Defines the codecs of the JSON columns. Each has a golden file in `tests/unit/storage/golden`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clarion_server.adapters.storage.rows.codec import JsonCodec
from clarion_server.domain.access.access import Scope
from clarion_server.domain.attachments.message_file import MessageFile
from clarion_server.domain.audiences.audience_run import FailedEvaluations
from clarion_server.domain.campaigns.campaign_definition import CampaignDefinition
from clarion_server.domain.category import Category
from clarion_server.domain.consent.consent_change import ConsentChange, Evidence
from clarion_server.domain.content import Provider
from clarion_server.domain.content.source_places import Stretches
from clarion_server.domain.events.event import (
    FragmentChange,
    ProfileErasure,
    ProfileMerge,
    RunChange,
    SendingPolicyChange,
    SilenceChange,
)
from clarion_server.domain.fragments.fragment import FragmentContent
from clarion_server.domain.languages.content_locale import LocaleChoice
from clarion_server.domain.messages.attempt import Attempt, Failure
from clarion_server.domain.messages.exclusion import Exclusion, ExclusionReason
from clarion_server.domain.messages.turns import Turn
from clarion_server.domain.people.import_result import ImportResult
from clarion_server.domain.suppressions.allow_list import AllowListChange
from clarion_server.domain.suppressions.suppression import SuppressionChange
from clarion_server.domain.violation import Violation

#: Holds the numbers of the bits, by name.
ACCESS_LABELS = JsonCodec[Mapping[str, int]](dict[str, int])
SENDING_POLICY_CHANGE = JsonCodec[SendingPolicyChange](SendingPolicyChange)
SILENCE_CHANGE = JsonCodec[SilenceChange](SilenceChange)
ALLOW_LIST_CHANGE = JsonCodec[AllowListChange](AllowListChange)
ATTEMPT = JsonCodec[Attempt](Attempt)
#: Holds the attributes of a profile.
ATTRIBUTES = JsonCodec[Mapping[str, Any]](dict[str, Any])
CATEGORIES = JsonCodec[tuple[Category, ...]](tuple[Category, ...])
CONSENT_CHANGE = JsonCodec[ConsentChange](ConsentChange)
# A context schema may hold any number.
DEFINITION = JsonCodec[CampaignDefinition](CampaignDefinition, big_numbers=True)
EVIDENCE = JsonCodec[Evidence](Evidence)
EXCLUSION = JsonCodec[Exclusion](Exclusion)
#: Each entry has the positions of the recipient and the action, and the reason.
EXCLUSIONS = JsonCodec[tuple[tuple[int, int, ExclusionReason], ...]](tuple[tuple[int, int, ExclusionReason], ...])
FAILED_EVALUATIONS = JsonCodec[tuple[FailedEvaluations, ...]](tuple[FailedEvaluations, ...])
FAILURE = JsonCodec[Failure](Failure)
FALLBACK_RULES = JsonCodec[tuple[str | None, ...]](tuple[str | None, ...])
FRAGMENT_CHANGE = JsonCodec[FragmentChange](FragmentChange)
# A schema of parameters may hold any number.
FRAGMENT_CONTENT = JsonCodec[FragmentContent](FragmentContent, big_numbers=True)
#: Each entry has the namespace and the normal value.
IDENTITY_KEYS = JsonCodec[tuple[tuple[str, str], ...]](tuple[tuple[str, str], ...])
MESSAGE_FILES = JsonCodec[tuple[MessageFile, ...]](tuple[MessageFile, ...])
IMPORT_RESULTS = JsonCodec[tuple[ImportResult, ...]](tuple[ImportResult, ...])
LABELS = JsonCodec[Mapping[str, str]](dict[str, str])
#: Is the author's line of each tag of a built source.
LINES = JsonCodec[tuple[int, ...]](tuple[int, ...])
LOCALE_CHOICES = JsonCodec[tuple[LocaleChoice, ...]](tuple[LocaleChoice, ...])
#: Is the version of each fragment, by the name in a template.
PINS = JsonCodec[Mapping[str, int]](dict[str, int])
#: Says where the lines of a built source come from.
PLACES = JsonCodec[Stretches](Stretches)
PROFILE_ERASURE = JsonCodec[ProfileErasure](ProfileErasure)
PROFILE_KEYS = JsonCodec[tuple[int, ...]](tuple[int, ...])
PROFILE_MERGE = JsonCodec[ProfileMerge](ProfileMerge)
PROVIDER = JsonCodec[Provider](Provider)
#: Says how many members of an audience were excluded, by the reason.
REASON_COUNTS = JsonCodec[Mapping[ExclusionReason, int]](Mapping[ExclusionReason, int])
REJECTIONS = JsonCodec[Mapping[int, tuple[Violation, ...]]](Mapping[int, tuple[Violation, ...]])
RUN_CHANGE = JsonCodec[RunChange](RunChange)
SCOPES = JsonCodec[tuple[Scope, ...]](tuple[Scope, ...])
SECRETS = JsonCodec[Mapping[str, str]](dict[str, str])
SUPPRESSION_CHANGE = JsonCodec[SuppressionChange](SuppressionChange)
TEXTS = JsonCodec[tuple[str, ...]](tuple[str, ...])
#: Each entry has the ids of the action and of the rule.
USED_RULES = JsonCodec[tuple[tuple[str, str], ...]](tuple[tuple[str, str], ...])
TURN = JsonCodec[Turn](Turn)
