"""Errors: what a person reads, with the data that explains it."""

from __future__ import annotations

import pytest
from clarion_server.domain import errors
from clarion_server.domain.errors import ClarionError
from clarion_server.domain.finding import Finding, FindingCode, Severity
from clarion_server.domain.instant import DAY, SECOND
from clarion_server.domain.violation import malformed, required

CAMPAIGN = "campaigns/order-confirmed"
_ANN = "Its approvers are apiKeys/1."
_TEN = f"Its approvers are {', '.join(f'apiKeys/{number}' for number in range(10))} and 2 more."
FINDING = Finding(Severity.ERROR, FindingCode.LINK_INVALID, "actions[0].email.html", "The link is broken.", "Mend it.")

TEXTS: list[tuple[ClarionError, str]] = [
    (errors.InvalidFields((required("campaign"),)), "campaign: Must be given."),
    (
        errors.InvalidFields((required("campaign"), malformed("a", "-"), malformed("b", "-"))),
        "campaign: Must be given. (and 2 more)",
    ),
    (
        errors.InvalidPageToken(),
        "The page token is damaged or belongs to another query. Begin again without one.",
    ),
    (
        errors.NoExample(CAMPAIGN),
        f"No example was found for {CAMPAIGN}: give the root of its context schema 'examples' with one whole context.",
    ),
    (
        errors.SandboxMismatch("prod"),
        "The key is not one of the sandbox 'prod': name the key's own sandbox, or none.",
    ),
    (errors.InvalidResumeToken(), "The resume token is damaged or belongs to a watch with other filters."),
    (
        errors.ResumeTokenExpired(),
        "Events behind the resume token were purged. Watch from the start to see all that are left, or from now on.",
    ),
    (errors.ResourceNotFound(CAMPAIGN), "There is no campaigns/order-confirmed in this sandbox."),
    (errors.ResourceExists(CAMPAIGN), "campaigns/order-confirmed exists already."),
    (
        errors.IdentityTaken("profile.identities[1]", "profiles/1"),
        (
            "Another profile, profiles/1, has the identity of profile.identities[1]. An identity belongs to one"
            " profile: leave it out, or merge the two profiles if they are of the same person."
        ),
    ),
    (
        errors.DenialStands((errors.StandingDenial("changes[0]", "EMAIL", ""),)),
        "The person denied what a change grants, and the change does not show that the person came back.",
    ),
    (errors.ProfileUnknown(), "No profile in this sandbox has the identity."),
    (
        errors.ErasureKeysMissing("profiles/1"),
        "To erase profiles/1, hashes of its addresses must be kept, for which the service has no CLARION_ERASURE_KEYS.",
    ),
    (
        errors.TooManyIdentities("profiles/1", 24),
        "profiles/1 would have 24 identities, and a profile has at most 20. Remove some of either first.",
    ),
    (
        errors.EtagMismatch(CAMPAIGN),
        "campaigns/order-confirmed changed since it was read. Read it again and decide anew.",
    ),
    (
        errors.IllegalTransition(CAMPAIGN, "stop", "DRAFT", ("SCHEDULED", "LIVE", "PAUSED")),
        "Cannot stop campaigns/order-confirmed: it is DRAFT, and must be SCHEDULED or LIVE or PAUSED.",
    ),
    (
        errors.ReviewFailed(CAMPAIGN, (FINDING,)),
        "campaigns/order-confirmed cannot be activated: actions[0].email.html: The link is broken.",
    ),
    (
        errors.ReviewFailed(CAMPAIGN, (FINDING, FINDING)),
        "campaigns/order-confirmed cannot be activated: actions[0].email.html: The link is broken. (and 1 more)",
    ),
    (
        errors.ChannelConfigurationInUse("channelConfigurations/mail", CAMPAIGN),
        "channelConfigurations/mail cannot be deleted: campaigns/order-confirmed needs it.",
    ),
    (
        errors.FragmentInUse("fragments/footer", "archived", (f"{CAMPAIGN}/versions/3", "fragments/base"), 4),
        f"fragments/footer cannot be archived: {CAMPAIGN}/versions/3, fragments/base and 2 more have it.",
    ),
    (
        errors.AttachmentInUse("attachments/logo", f"{CAMPAIGN}/versions/3"),
        f"attachments/logo cannot be deleted: {CAMPAIGN}/versions/3 names it.",
    ),
    (
        errors.SendingPolicyInUse("sendingPolicies/nights", CAMPAIGN),
        "sendingPolicies/nights cannot be deleted: campaigns/order-confirmed names it.",
    ),
    (
        errors.NamespaceInUse("identityNamespaces/crm", CAMPAIGN),
        "The rule of identityNamespaces/crm cannot change: campaigns/order-confirmed has identities in it.",
    ),
    (
        errors.AudienceInUse("audiences/gold", "executions/1"),
        "audiences/gold cannot be deleted: executions/1 has not selected its members yet.",
    ),
    (
        errors.AudienceConditionInvalid(1, 8, "Undeclared reference to 'foo'.", ()),
        "The condition is wrong at line 1, column 8: Undeclared reference to 'foo'.",
    ),
    (
        errors.CampaignOutdated(CAMPAIGN),
        f"The live version of {CAMPAIGN} breaks newer rules. Review the campaign and activate it again.",
    ),
    (errors.CampaignNotLive(CAMPAIGN, "PAUSED"), "campaigns/order-confirmed accepts no triggers: it is PAUSED."),
    (
        errors.CampaignOutsideWindow(CAMPAIGN, 0, DAY + SECOND),
        "campaigns/order-confirmed accepts triggers from 1970-01-01T00:00:00Z until 1970-01-02T00:00:01Z only.",
    ),
    (
        errors.CampaignOutsideWindow(CAMPAIGN, None, DAY),
        "campaigns/order-confirmed accepts triggers until 1970-01-02T00:00:00Z only.",
    ),
    (
        errors.CampaignOutsideWindow(CAMPAIGN, DAY, None),
        "campaigns/order-confirmed accepts triggers from 1970-01-02T00:00:00Z only.",
    ),
    (
        errors.RequestIdReused(CAMPAIGN, "r-1", "executions/1"),
        "Another request came under the request id r-1: it became executions/1.",
    ),
    (
        errors.Unauthenticated(),
        "The call carries no valid key. Send a key as 'authorization: Bearer clk_…'.",
    ),
    (
        errors.Unauthenticated("The key is revoked."),
        "The key is revoked. Send a key as 'authorization: Bearer clk_…'.",
    ),
    (
        errors.ScopeDenied("Trigger", ("trigger", "admin")),
        "This key may not call Trigger: it needs one of the scopes trigger, admin.",
    ),
    (
        errors.SandboxDenied("staging"),
        "Only an administrator of the sandbox 'default' may create keys for the sandbox 'staging'.",
    ),
    (
        errors.LastAdminKey("apiKeys/1"),
        "apiKeys/1 is the last administrator key of the sandbox 'default': create another one before revoking it.",
    ),
    (
        errors.DeadlineTooShort(50),
        "The deadline leaves too little time to begin: allow at least 50 ms. Nothing was done.",
    ),
    (
        errors.ApprovalRequired(CAMPAIGN, ("approvalPolicies/1", "approvalPolicies/2")),
        f"{CAMPAIGN} lacks approvals that policies ask for: approvalPolicies/1, approvalPolicies/2. Submit its draft.",
    ),
    (
        errors.ApprovalRequired(CAMPAIGN, ("approvalPolicies/1",), tuple(f"apiKeys/{n}" for n in range(12))),
        f"{CAMPAIGN} lacks approvals that policies ask for: approvalPolicies/1. Submit its draft. {_TEN}",
    ),
    (
        errors.ApprovalRequired(CAMPAIGN, ("approvalPolicies/1",), ("apiKeys/1",), is_submitted=True),
        f"{CAMPAIGN} lacks approvals that policies ask for: approvalPolicies/1. It is in review. {_ANN}",
    ),
    (
        errors.ApprovalStale(CAMPAIGN),
        f"{CAMPAIGN}, or something that it names, has changed. Look at it again; cancel a submission before a new one.",
    ),
    (
        errors.SelfApproval(CAMPAIGN, "approvalPolicies/legal"),
        f"The key worked on the draft of {CAMPAIGN}, and approvalPolicies/legal asks for the approval of another one.",
    ),
    (
        errors.ApproverNotNamed(CAMPAIGN, ("approvalPolicies/legal",)),
        f"This key is no approver of {CAMPAIGN}. Others are, by approvalPolicies/legal.",
    ),
    (
        errors.TooManyProofs(750),
        "The key has had all the proofs of this hour. Nothing was sent; try again after 750 ms.",
    ),
    (errors.Overloaded(750), "The service is overloaded. Nothing was done; try again after 750 ms."),
    (
        errors.Unavailable(),
        "The service cannot answer at the moment. Try again, under the same request id.",
    ),
]


@pytest.mark.parametrize(("error", "text"), TEXTS, ids=lambda value: type(value).__name__)
def test_an_error_reads_as_a_sentence_with_its_data(error: ClarionError, text: str) -> None:
    assert str(error) == text


def test_every_error_has_its_text_here() -> None:
    assert {type(error) for error, _ in TEXTS} == set(ClarionError.__subclasses__())


@pytest.mark.parametrize("braces", ["{0}", "{resource}", "{", "}{"])
def test_braces_in_the_data_are_text(braces: str) -> None:
    assert str(errors.ResourceNotFound(braces)) == f"There is no {braces} in this sandbox."


def test_errors_are_distinguished_by_identity() -> None:
    # Each is raised once: two that read alike are two.
    assert errors.ResourceExists("a") != errors.ResourceExists("a")
