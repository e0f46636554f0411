"""Defines the errors of the domain, with the data that explains them.

The docstring of each type is its message; `{…}` is replaced by the error's fields. The transport maps the types to
codes and stable reasons in one table.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from clarion_server.domain.finding import Finding
from clarion_server.domain.instant import Instant, to_rfc3339
from clarion_server.domain.violation import Violation

#: Says how many approvers an error names.
MOST_NAMED = 10


@dataclass(eq=False)
class ClarionError(Exception):
    """Something went wrong."""

    def __str__(self) -> str:
        texts = {field.name: getattr(self, field.name) for field in fields(self)}
        return " ".join((type(self).__doc__ or "").split()).format(**texts)


@dataclass(eq=False)
class InvalidFields(ClarionError):
    """Fields of the request break their rules."""

    violations: tuple[Violation, ...]

    @property
    def summary(self) -> str:
        first = self.violations[0]
        more = f" (and {len(self.violations) - 1} more)" if len(self.violations) > 1 else ""
        path = f"{first.field}: " if first.field else ""
        return f"{path}{first.description}{more}"

    def __str__(self) -> str:
        return self.summary


@dataclass(eq=False)
class InvalidPageToken(ClarionError):
    """The page token is damaged or belongs to another query. Begin again without one."""


@dataclass(eq=False)
class InvalidResumeToken(ClarionError):
    """The resume token is damaged or belongs to a watch with other filters."""


@dataclass(eq=False)
class ResumeTokenExpired(ClarionError):
    """Events behind the resume token were purged. Watch from the start to see all that are left, or from now on."""


@dataclass(eq=False)
class ResourceNotFound(ClarionError):
    """There is no {resource} in this sandbox."""

    resource: str


@dataclass(eq=False)
class ResourceExists(ClarionError):
    """{resource} exists already."""

    resource: str


@dataclass(eq=False)
class IdentityTaken(ClarionError):
    """Another profile, {owner}, has the identity of {field}. An identity belongs to one profile: leave it out, or merge
    the two profiles if they are of the same person.
    """

    field: str
    """Is the path of the identity in the request. The identity itself is personal data."""
    owner: str


@dataclass(eq=False)
class ProfileUnknown(ClarionError):
    """No profile in this sandbox has the identity."""


@dataclass(frozen=True, slots=True)
class StandingDenial:
    """A denial that a change of consents would answer, and may not."""

    field: str
    """Is the path of the change in the request."""
    channel: str
    """Is the channel of the denial's scope; empty for every channel."""
    topic: str
    """Is the name of the topic of the denial's scope; empty for every topic."""


@dataclass(eq=False)
class DenialStands(ClarionError):
    """The person denied what a change grants, and the change does not show that the person came back."""

    denials: tuple[StandingDenial, ...]


@dataclass(eq=False)
class TooManyIdentities(ClarionError):
    """{resource} would have {identity_count} identities, and a profile has at most 20. Remove some of either first."""

    resource: str
    identity_count: int


@dataclass(eq=False)
class ErasureKeysMissing(ClarionError):
    """To erase {resource}, hashes of its addresses must be kept, for which the service has no CLARION_ERASURE_KEYS."""

    resource: str


@dataclass(eq=False)
class EtagMismatch(ClarionError):
    """{resource} changed since it was read. Read it again and decide anew."""

    resource: str


@dataclass(eq=False)
class IllegalTransition(ClarionError):
    """The state of the resource does not allow the transition."""

    resource: str
    transition: str
    state: str
    allowed_states: tuple[str, ...]
    remedy: str = ""
    """Says what to do first, as a sentence; empty where the states tell it."""

    def __str__(self) -> str:
        allowed = " or ".join(self.allowed_states)
        refused = f"Cannot {self.transition} {self.resource}: it is {self.state}, and must be {allowed}."
        return f"{refused} {self.remedy}".rstrip()


@dataclass(eq=False)
class ReviewFailed(ClarionError):
    """Review found errors."""

    resource: str
    findings: tuple[Finding, ...]
    verb: str = "activated"
    """Says what is refused."""

    def __str__(self) -> str:
        first = self.findings[0]
        more = f" (and {len(self.findings) - 1} more)" if len(self.findings) > 1 else ""
        return f"{self.resource} cannot be {self.verb}: {first.field}: {first.message}{more}"


@dataclass(eq=False)
class ApprovalRequired(ClarionError):
    """Approval policies ask for approvals that the draft lacks."""

    resource: str
    policies: tuple[str, ...]
    approvers: tuple[str, ...] = ()
    """The names of the keys that may give one; none: every key that may approve."""
    is_submitted: bool = False
    """Says whether it is in review."""

    def __str__(self) -> str:
        then = "It is in review." if self.is_submitted else "Submit its draft."
        lacking = f"{self.resource} lacks approvals that policies ask for: {', '.join(self.policies)}. {then}"
        if not self.approvers:
            return lacking
        named, more = self.approvers[:MOST_NAMED], len(self.approvers) - MOST_NAMED
        return f"{lacking} Its approvers are {', '.join(named)}{f' and {more} more' if more > 0 else ''}."


@dataclass(eq=False)
class ApprovalStale(ClarionError):
    """{resource}, or something that it names, has changed. Look at it again; cancel a submission before a new one."""

    resource: str


@dataclass(eq=False)
class SelfApproval(ClarionError):
    """The key worked on the draft of {resource}, and {policy} asks for the approval of another one."""

    resource: str
    policy: str


@dataclass(eq=False)
class ApproverNotNamed(ClarionError):
    """The key is none of the approvers of the draft."""

    resource: str
    policies: tuple[str, ...]

    def __str__(self) -> str:
        return f"This key is no approver of {self.resource}. Others are, by {', '.join(self.policies)}."


@dataclass(eq=False)
class ChannelConfigurationInUse(ClarionError):
    """{resource} cannot be deleted: {user} needs it."""

    resource: str
    user: str


@dataclass(eq=False)
class AttachmentInUse(ClarionError):
    """{resource} cannot be deleted: {user} names it."""

    resource: str
    user: str


@dataclass(eq=False)
class FragmentInUse(ClarionError):
    """Something has the fragment."""

    resource: str
    verb: str
    """Says what is refused, such as `deleted`."""
    users: tuple[str, ...]
    """The first of those that have it."""
    use_count: int

    def __str__(self) -> str:
        more = f" and {self.use_count - len(self.users)} more" if self.use_count > len(self.users) else ""
        return f"{self.resource} cannot be {self.verb}: {', '.join(self.users)}{more} have it."


@dataclass(eq=False)
class SendingPolicyInUse(ClarionError):
    """{resource} cannot be deleted: {user} names it."""

    resource: str
    user: str


@dataclass(eq=False)
class NamespaceInUse(ClarionError):
    """The rule of {resource} cannot change: {user} has identities in it."""

    resource: str
    user: str


@dataclass(eq=False)
class AudienceConditionInvalid(ClarionError):
    """The condition is wrong at line {line}, column {column}: {description}"""

    line: int
    column: int
    description: str
    """Says what is wrong at the first place, as a sentence."""
    violations: tuple[Violation, ...]
    """All that is wrong with the condition, each with its place."""


@dataclass(eq=False)
class AudienceInUse(ClarionError):
    """{resource} cannot be deleted: {user} {use}."""

    resource: str
    user: str
    use: str = "has not selected its members yet"


@dataclass(eq=False)
class CampaignNotLive(ClarionError):
    """{resource} accepts no triggers: it is {state}."""

    resource: str
    state: str


@dataclass(eq=False)
class CampaignOutsideWindow(ClarionError):
    """The campaign's schedule does not allow triggers now."""

    resource: str
    start_time: Instant | None
    end_time: Instant | None

    def __str__(self) -> str:
        bounds = [
            f"{word} {to_rfc3339(time)}"
            for word, time in (("from", self.start_time), ("until", self.end_time))
            if time is not None
        ]
        return f"{self.resource} accepts triggers {' '.join(bounds)} only."


@dataclass(eq=False)
class CampaignOutdated(ClarionError):
    """The live version of {resource} breaks newer rules. Review the campaign and activate it again."""

    resource: str


@dataclass(eq=False)
class RequestIdReused(ClarionError):
    """Another request came under the request id {request_id}: it became {execution}."""

    resource: str
    request_id: str
    execution: str


@dataclass(eq=False)
class NoExample(ClarionError):
    """No example was found for {resource}: give the root of its context schema 'examples' with one whole context."""

    resource: str


@dataclass(eq=False)
class Unauthenticated(ClarionError):
    """{detail} Send a key as 'authorization: Bearer clk_…'."""

    detail: str = "The call carries no valid key."


@dataclass(eq=False)
class ScopeDenied(ClarionError):
    """The key has none of the scopes that the call needs."""

    method: str
    needed_scopes: tuple[str, ...]

    def __str__(self) -> str:
        return f"This key may not call {self.method}: it needs one of the scopes {', '.join(self.needed_scopes)}."


@dataclass(eq=False)
class SandboxDenied(ClarionError):
    """Only an administrator of the sandbox 'default' may create keys for the sandbox '{sandbox}'."""

    sandbox: str


@dataclass(eq=False)
class SandboxMismatch(ClarionError):
    """The key is not one of the sandbox '{sandbox}': name the key's own sandbox, or none."""

    sandbox: str


@dataclass(eq=False)
class LastAdminKey(ClarionError):
    """{resource} is the last administrator key of the sandbox 'default': create another one before revoking it."""

    resource: str


@dataclass(eq=False)
class DeadlineTooShort(ClarionError):
    """The deadline leaves too little time to begin: allow at least {needed_ms} ms. Nothing was done."""

    needed_ms: int


@dataclass(eq=False)
class Overloaded(ClarionError):
    """The service is overloaded. Nothing was done; try again after {retry_after_ms} ms."""

    retry_after_ms: int = 500


@dataclass(eq=False)
class TooManyProofs(ClarionError):
    """The key has had all the proofs of this hour. Nothing was sent; try again after {retry_after_ms} ms."""

    retry_after_ms: int


@dataclass(eq=False)
class Unavailable(ClarionError):
    """The service cannot answer at the moment. Try again, under the same request id."""

    retry_after_ms: int = 1000
