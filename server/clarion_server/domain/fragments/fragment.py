"""Defines fragments: pieces of content that campaigns share, with a draft and immutable versions."""

from __future__ import annotations

import hashlib
import json
import keyword
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Any, ClassVar

from clarion_server.domain.access_labels import NO_ACCESS_LABELS, AccessLabels
from clarion_server.domain.approvable import DraftKey, DraftKind, Traits
from clarion_server.domain.campaign_states import ApprovalState, Transition, check_approval_allows
from clarion_server.domain.content.translations import Catalogue, translation_violations
from clarion_server.domain.fragments.fragment_reference import FragmentReference, references_in
from clarion_server.domain.instant import Instant
from clarion_server.domain.names import FRAGMENTS, Collection
from clarion_server.domain.resource import ArchivableResource
from clarion_server.domain.text_rules import MAX_DISPLAY_NAME, description_violations, line_violations, text_violations
from clarion_server.domain.violation import Violation, malformed, required, too_long, too_many

#: A sandbox has at most this many fragments that are not archived.
MAX_FRAGMENTS = 1_000
#: The source of a fragment has at most this many octets in UTF-8.
MAX_SOURCE = 256 * 1024
MAX_PARAMETERS = 50
#: The schema of the parameters has at most this many octets as JSON.
MAX_SCHEMA = 64 * 1024

_PARAMETER = re.compile("[A-Za-z_][A-Za-z0-9_]{0,62}")
#: Holds names that mean something else in templates.
_TAKEN = frozenset({"campaign", "context", "profile", "recipient", "preferences_url", "unsubscribe_url"}) | frozenset(
    {"false", "inline_image", "loop", "none", "range", "self", "super", "t", "true"}
)


class FragmentKind(StrEnum):
    HTML = "HTML"
    TEXT = "TEXT"


@dataclass(frozen=True, slots=True)
class FragmentContent:
    """Holds everything that decides how a fragment is rendered."""

    kind: FragmentKind
    source: str
    parameters: Mapping[str, Any] | None = None
    """JSON Schema (2020-12) of the variables that it takes; None when it takes none."""
    translations: Mapping[str, Catalogue] = field(default_factory=dict)
    """Holds, by locale, the texts that its `t` asks first."""

    @property
    def digest(self) -> str:
        """Returns the SHA-256 of the content, in hexadecimal."""
        # `asdict` would copy every text, which takes five times as long as all the rest.
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        document = json.dumps(values, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(document.encode("utf-8", "surrogatepass")).hexdigest()

    @property
    def parameter_names(self) -> frozenset[str]:
        return frozenset((self.parameters or {}).get("properties") or ())

    @property
    def required_parameters(self) -> frozenset[str]:
        return frozenset((self.parameters or {}).get("required") or ())


@dataclass(frozen=True, slots=True)
class FragmentVersion:
    """Is an immutable snapshot of a fragment, made when it was published."""

    fragment_key: int
    fragment_id: str
    number: int
    content: FragmentContent
    create_time: Instant
    creator: str
    digest: str = ""
    """Is the digest of the content."""
    access_labels: AccessLabels = NO_ACCESS_LABELS
    """Holds those that the fragment has now, which belong to no version."""
    approvers: tuple[str, ...] = ()
    """Holds the names of the keys that approved it."""
    bypass_reason: str = ""
    """Says why it was published without the approvals that were asked for; empty when it had them, or none were."""

    @property
    def name(self) -> str:
        """Returns the name by which a template names exactly this version."""
        return str(FragmentReference(self.fragment_id, self.number))

    @property
    def references(self) -> list[FragmentReference]:
        """Returns the fragments that it names itself."""
        return references_in(self.content.source)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fragment(ArchivableResource):
    """Is a fragment with its draft."""

    COLLECTION: ClassVar[Collection] = FRAGMENTS

    display_name: str = ""
    description: str = ""
    kind: FragmentKind = FragmentKind.HTML
    source: str
    parameters: Mapping[str, Any] | None = None
    translations: Mapping[str, Catalogue] = field(default_factory=dict)
    published_version: int = 0
    """Is the number of the newest version; 0 when there is none."""
    published_digest: str = ""
    """Is the digest of the newest version's content."""
    approval_state: ApprovalState | None = None
    """Is that of the draft. None: it is not submitted."""
    draft_editors: tuple[str, ...] = ()
    """Holds the names of the keys that wrote the draft, since it was last published."""

    @property
    def content(self) -> FragmentContent:
        """Returns the draft."""
        return FragmentContent(self.kind, self.source, self.parameters, self.translations)

    @property
    def draft_pending(self) -> bool:
        """Returns whether the draft differs from the newest version."""
        return self.content.digest != self.published_digest

    @property
    def draft_key(self) -> DraftKey:
        return DraftKey(DraftKind.FRAGMENT, self.key)

    @property
    def approval_traits(self) -> Traits:
        return {"fragment_kinds": frozenset({self.kind}), "fragments": frozenset({self.name})}

    def check_may(self, transition: Transition) -> None:
        """Raises IllegalTransition when the state of the draft's approval does not allow the transition."""
        check_approval_allows(transition, self.approval_state, self.name)

    def updated(self, changes: Mapping[str, Any], caller: str, now: Instant) -> Fragment:
        """Returns the fragment with new values of fields that callers write. While its draft is in review, the access
        labels alone may change. Raises IllegalTransition.
        """
        updated = replace(self.changed(now), **changes)
        if updated.written == self.written:
            return updated
        self.check_may(Transition.UPDATE)
        return replace(updated, draft_editors=tuple(dict.fromkeys((*self.draft_editors, caller))))

    @property
    def written(self) -> tuple[str, str, str]:
        """Returns what authors write of it, to compare two drafts."""
        return self.display_name, self.description, self.content.digest

    def approval_moved(
        self, transition: Transition, state: ApprovalState | None, _caller: str, now: Instant, /
    ) -> Fragment:
        """Returns the fragment with the approval of its draft in another state. Raises IllegalTransition."""
        self.check_may(transition)
        return replace(self.changed(now), approval_state=state)

    def published(self, creator: str, now: Instant) -> tuple[Fragment, FragmentVersion]:
        """Returns the fragment with a new version of its draft."""
        content = self.content
        number = self.published_version + 1
        version = FragmentVersion(self.key, self.id, number, content, now, creator, content.digest, self.access_labels)
        changed = replace(
            self.changed(now),
            published_version=number,
            published_digest=version.digest,
            approval_state=None,
            draft_editors=(),
        )
        return changed, version


@dataclass(frozen=True, slots=True)
class FragmentUse:
    """Is a place that names a fragment."""

    user: str
    """Is the name of a campaign or a fragment, or of one of their versions."""
    version: int
    """Is the version that it has or names; 0 stands for the newest one."""
    live: bool = False
    """Says whether it is the version of a campaign that triggers use."""


def fragment_violations(fragment: Fragment) -> Iterator[Violation]:
    """Yields all violations, with the field paths of the contract's `Fragment`."""
    yield from line_violations(fragment.display_name, "display_name", MAX_DISPLAY_NAME)
    yield from description_violations(fragment.description)
    yield from _source(fragment.source)
    yield from _parameters(fragment.parameters)
    yield from translation_violations(fragment.translations)


def _source(source: str) -> Iterator[Violation]:
    if not source:
        yield required("source")
    # Characters are counted first: there are never more of them than octets, and encoding a huge text is not free.
    elif len(source) > MAX_SOURCE or len(source.encode("utf-8", "surrogatepass")) > MAX_SOURCE:
        yield too_long("source", MAX_SOURCE, "octets")
    else:
        yield from text_violations(source, "source")


def _parameters(schema: Mapping[str, Any] | None) -> Iterator[Violation]:
    if schema is None:
        return
    properties = schema.get("properties", {})
    if schema.get("type") != "object" or not isinstance(properties, dict):
        yield malformed("parameters", "The root must have the type 'object', and the parameters as its 'properties'.")
        return
    if len(json.dumps(schema, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")) > MAX_SCHEMA:
        yield too_long("parameters", MAX_SCHEMA, "octets as JSON")
    if len(properties) > MAX_PARAMETERS:
        yield too_many("parameters.properties", MAX_PARAMETERS)
        return
    for name in properties:
        if not _PARAMETER.fullmatch(name) or name in _TAKEN or keyword.iskeyword(name):
            description = "A parameter has the name of a variable: letters, digits and underscores, none that is taken."
            yield malformed(f"parameters.properties.{name[:63]}", description)
    wanted = schema.get("required", [])
    if not isinstance(wanted, list) or any(not isinstance(name, str) or name not in properties for name in wanted):
        yield malformed("parameters.required", "Must be a list of names of 'properties'.")
