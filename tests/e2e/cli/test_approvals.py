"""Approvals by commands, against the real service."""

from __future__ import annotations

from tests.e2e.cli.conftest import CAMPAIGN, CommandLine

#: Other than the live version.
CHANGED = CAMPAIGN.replace("Thank you.", "Many thanks.")
POLICY = """\
approval_policy: legal
display_name: Legal
conditions:
  categories: [TRANSACTIONAL]
  tags: [shop]
required_count: 1
"""


async def test_a_draft_is_approved_and_activated(shop: CommandLine) -> None:
    shop.write("files.yaml", f"{CHANGED}tags: [Shop]\n---\n{POLICY}")
    refused = await shop("apply", "-f", "files.yaml", "--activate")
    assert refused.status == 1
    assert "campaigns/order-confirmed updated" in refused.out
    assert "Not activated:" in refused.out
    assert "approvalPolicies/legal" in refused.out
    assert "`clarion approvals show campaigns/order-confirmed` tells where it stands." in refused.out
    submitted = (await shop("approvals", "submit", "order-confirmed", "-m", "Please look.", "--json")).data
    assert submitted["state"] == "IN_REVIEW"
    shown = (await shop("approvals", "show", "order-confirmed")).out
    assert "campaigns/order-confirmed is in review." in shown
    assert "approvalPolicies/legal: 0 of 1 approved." in shown
    approved = await shop("approvals", "approve", "order-confirmed", "--content-hash", submitted["content_hash"])
    assert "campaigns/order-confirmed is approved." in approved.out
    assert (await shop("activate", "order-confirmed")).status == 0
    history = (await shop("approvals", "history", "order-confirmed")).out
    assert "SUBMITTED" in history
    assert "Please look." in history


async def test_a_campaign_that_lacks_approvals_keeps_no_other_one_from_becoming_live(shop: CommandLine) -> None:
    free = CHANGED.replace("campaign: order-confirmed", "campaign: zz-order-shipped")
    shop.write("files.yaml", f"{CHANGED}tags: [Shop]\n---\n{free}---\n{POLICY}")
    applied = await shop("apply", "-f", "files.yaml", "--activate", "--json")
    assert applied.status == 1
    campaigns = {each["name"]: each for each in applied.lines if each["name"].startswith("campaigns/")}
    assert list(campaigns) == ["campaigns/order-confirmed", "campaigns/zz-order-shipped"]
    waiting, live = campaigns.values()
    assert (waiting["activated"], waiting["refusal"]["reason"]) == (False, "APPROVAL_REQUIRED")
    assert (live["activated"], live["state"]) == (True, "LIVE")


async def test_changes_are_requested_and_a_submission_is_taken_back(shop: CommandLine) -> None:
    shop.write("campaign.yaml", CHANGED)
    await shop("apply", "-f", "campaign.yaml")
    await shop("approvals", "submit", "order-confirmed")
    assert (await shop("apply", "-f", "campaign.yaml", "--json")).status == 0
    changed = await shop("approvals", "request-changes", "order-confirmed", "-m", "Shorter.")
    assert "campaigns/order-confirmed needs the changes that were requested." in changed.out
    await shop("approvals", "submit", "order-confirmed")
    assert "is not submitted." in (await shop("approvals", "cancel", "order-confirmed")).out
    assert (await shop("approvals", "comment", "order-confirmed", "Later.")).out == "The comment is in the history.\n"


async def test_a_comment_is_answered_and_its_thread_resolved(shop: CommandLine) -> None:
    comment = ("approvals", "comment", "order-confirmed")
    asked = (await shop(*comment, "Is the price right?", "--json")).data
    await shop(*comment, "It is.", "--reply-to", asked["step"])
    await shop(*comment, "Blue?")
    resolved = await shop("approvals", "resolve", "order-confirmed", asked["step"], "-m", "Thank you.")
    assert "Is the price right? (resolved)" in resolved.out
    assert "resolved: Thank you." in resolved.out
    listed = (await shop("approvals", "comments", "order-confirmed", "--json")).data
    assert [(each["opening"]["comment"], len(each["replies"]), each["resolved"]) for each in listed] == [
        ("Blue?", 0, False),
        ("Is the price right?", 2, True),
    ]
    still_open = (await shop("approvals", "comments", "order-confirmed", "--open")).out
    assert ("Blue?" in still_open, "price" in still_open) == (True, False)
    wrong = await shop(*comment, "What?", "--reply-to", "x", "--json")
    assert (wrong.status, wrong.error["problems"][0]["where"]) == (2, "reply_to")


async def test_a_policy_is_printed_as_the_file_that_made_it_until_it_is_deleted(shop: CommandLine) -> None:
    shop.write("policy.yaml", POLICY)
    await shop("apply", "-f", "policy.yaml")
    assert "legal" in (await shop("approvals", "policies", "list")).out
    printed = await shop("approvals", "policies", "get", "legal")
    shop.write("policy.yaml", printed.out)
    assert (await shop("apply", "-f", "policy.yaml", "--json")).lines[0]["change"] == "unchanged"
    assert (await shop("approvals", "policies", "delete", "legal")).out == "legal is deleted.\n"
    assert (await shop("approvals", "policies", "list", "--json")).data == []
