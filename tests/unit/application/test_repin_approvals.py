"""Approval policies and the roll-out of fragments."""

from __future__ import annotations

import pytest
from clarion_server.application.campaigns.repinning import RepinFragment
from clarion_server.domain.approvals.approval import ApprovalAction
from clarion_server.domain.approvals.approval_policy import ApprovalConditions
from clarion_server.domain.campaign_states import ApprovalState
from clarion_server.domain.campaigns.fragment_repin import FragmentRepin, RepinOutcome
from clarion_server.domain.category import Category
from clarion_server.domain.errors import ApprovalStale, IllegalTransition, InvalidFields

from tests.unit.application.fragments import mails
from tests.unit.application.office import ANN, BOB, Office
from tests.unit.application.rolling_out import NAME, RollingOut
from tests.unit.application.world import AUTHOR, World

FOOTER = '<h1>Hi</h1>{% include "fragments/footer" %}'


@pytest.fixture
async def pieces(world: World) -> RollingOut:
    """Returns a live campaign with `footer@1`, of which there is a second version."""
    made = RollingOut(world)
    await made.publish("footer", "<p>one</p>")
    await world.live(actions=mails(FOOTER))
    await made.publish("footer", "<p>two</p>")
    return made


@pytest.fixture
def office(world: World, pieces: RollingOut) -> Office:
    return Office(world)


MISSING = FragmentRepin(NAME, RepinOutcome.APPROVAL_REQUIRED, 1, 1, (), ("approvalPolicies/legal",))


@pytest.mark.parametrize("dry", [False, True])
async def test_a_policy_keeps_a_fragment_out_until_the_draft_with_it_is_approved(
    world: World, pieces: RollingOut, office: Office, dry: bool
) -> None:
    await office.policy(block_self=True)
    assert await pieces.outcome(dry=dry) == MISSING
    await office.submit()
    assert await pieces.outcome(dry=dry) == MISSING
    await office.approve(ANN)
    assert (await pieces.outcome(dry=dry)).outcome is RepinOutcome.REPINNED
    if not dry:
        (version, _) = await world.authoring.versions(NAME, None, 9, AUTHOR)
        assert (version.approvers, (await world.get()).approval_state) == ((ANN.name,), None)
        assert (await office.actions())[-1] is ApprovalAction.ACTIVATED


async def test_a_policy_that_asks_for_less_now_lets_a_fragment_in_with_as_many_approvals(
    world: World, pieces: RollingOut, office: Office
) -> None:
    await office.policy(required_count=2)
    await office.submit()
    await office.approve(ANN)
    assert await pieces.outcome() == MISSING
    await office.lower("legal", 1)
    assert (await pieces.outcome()).outcome is RepinOutcome.REPINNED


async def test_an_approval_of_other_content_does_not_count(world: World, pieces: RollingOut, office: Office) -> None:
    await office.policy()
    await world.update(display_name="Edited")
    await office.submit()
    await office.approve(ANN)
    assert await pieces.outcome() == MISSING
    assert (await world.get()).approval_state is ApprovalState.APPROVED


async def test_a_policy_is_asked_about_what_is_live_and_not_about_the_draft(
    world: World, pieces: RollingOut, office: Office
) -> None:
    await office.policy("marketing", conditions=ApprovalConditions((Category.MARKETING,)))
    await office.policy("legal", conditions=ApprovalConditions(requesters=("apiKeys/other",)))
    await world.update(category=Category.MARKETING)
    assert (await pieces.outcome()).outcome is RepinOutcome.REPINNED
    await office.policy("mine", conditions=ApprovalConditions(requesters=(AUTHOR.name,)))
    assert (await pieces.outcome(to=1)).policies == ("approvalPolicies/mine",)


async def test_a_draft_in_review_goes_on_while_another_fragment_goes_live(
    world: World, pieces: RollingOut, office: Office
) -> None:
    await world.update(display_name="Edited")
    await office.submit()
    assert (await pieces.outcome()).outcome is RepinOutcome.REPINNED
    assert (await world.get()).approval_state is ApprovalState.IN_REVIEW
    with pytest.raises(IllegalTransition):
        await world.update(display_name="Edited again")


async def test_the_approval_of_a_draft_is_stale_once_its_fragment_was_repinned(
    world: World, pieces: RollingOut, office: Office
) -> None:
    await office.policy(conditions=ApprovalConditions(requesters=(AUTHOR.name,)))
    await world.update(display_name="Edited")
    await office.submit()
    await office.approve(ANN)
    await pieces.publish("footer", "<p>three</p>")
    by_another = await pieces.repinner.repin(RepinFragment("footer", (NAME,)), BOB)
    assert by_another.repins[0].outcome is RepinOutcome.REPINNED
    with pytest.raises(IllegalTransition):
        await world.update(display_name="Edited again")
    with pytest.raises(ApprovalStale):
        await world.activate()


async def test_an_unchanged_draft_can_be_submitted_when_a_newer_fragment_waits_for_it(
    world: World, pieces: RollingOut, office: Office
) -> None:
    await office.policy()
    assert not (await world.get()).draft_pending
    await office.submit()
    await office.approve(ANN)
    assert (await world.activate()).campaign.live_version == 2
    with pytest.raises(IllegalTransition) as unchanged:
        await office.submit()
    assert unchanged.value.state == "UNCHANGED"


async def test_going_back_to_an_older_fragment_leaves_the_submission_of_a_newer_one(
    world: World, pieces: RollingOut, office: Office
) -> None:
    await pieces.repin()
    await pieces.publish("footer", "<p>three</p>")
    await office.submit()
    assert (await world.activate(version=1)).campaign.approval_state is ApprovalState.IN_REVIEW
    await office.approve(ANN)
    live = (await world.activate()).campaign
    assert (live.live_version, live.approval_state) == (3, None)


async def test_going_back_to_exactly_what_was_submitted_ends_its_submission(
    world: World, pieces: RollingOut, office: Office
) -> None:
    await pieces.repin()
    await world.activate(version=1)
    await office.submit()
    assert (await world.activate(version=2)).campaign.approval_state is None


async def test_an_administrator_who_says_why_rolls_out_without_approval(
    world: World, pieces: RollingOut, office: Office
) -> None:
    await office.policy()
    dry = await pieces.outcome(dry=True, bypass_reason="The address moved.")
    assert (dry.outcome, dry.campaign_version, (await world.get()).live_version) == (RepinOutcome.REPINNED, 2, 1)
    done = await pieces.outcome(bypass_reason="The address moved.")
    assert (done.outcome, done.campaign_version) == (RepinOutcome.REPINNED, 2)
    (version, _) = await world.authoring.versions(NAME, None, 9, AUTHOR)
    assert (version.approvers, version.bypass_reason) == ((), "The address moved.")
    (step,) = await office.approving.steps(NAME, None, 9, AUTHOR)
    assert (step.action, step.comment, step.actor) == (ApprovalAction.BYPASSED, "The address moved.", AUTHOR.name)


async def test_a_reason_that_a_roll_out_does_not_need_is_not_kept(
    world: World, pieces: RollingOut, office: Office
) -> None:
    await pieces.outcome(bypass_reason="The address moved.")
    (version, _) = await world.authoring.versions(NAME, None, 9, AUTHOR)
    assert (version.bypass_reason, await office.actions()) == ("", [])


async def test_a_bypassed_roll_out_leaves_the_submission_of_another_draft(
    world: World, pieces: RollingOut, office: Office
) -> None:
    await office.policy()
    await world.update(display_name="Edited")
    await office.submit()
    await office.approve(ANN)
    await pieces.outcome(bypass_reason="The address moved.")
    approval = await office.approving.get(NAME, AUTHOR)
    assert approval.subject.approval_state is ApprovalState.APPROVED
    assert approval.submission is not None
    assert approval.submission.approvers == (ANN.name,)


async def test_a_reason_that_is_too_long_is_refused_with_everything_else(pieces: RollingOut) -> None:
    with pytest.raises(InvalidFields) as refused:
        await pieces.repin(to=-1, bypass_reason="x" * 2_001)
    assert [(each.field, each.reason) for each in refused.value.violations] == [
        ("to_version", "UNKNOWN_VALUE"),
        ("bypass_reason", "TOO_LONG"),
    ]
