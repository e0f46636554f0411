"""Approvals of fragments on the command line, against the real service."""

from __future__ import annotations

from tests.e2e.cli.conftest import CommandLine

POLICY = """\
approval_policy: wording
display_name: Wording
applies_to: FRAGMENT
conditions:
  fragments: [footer]
"""
FOOTER = "fragment: footer\nsource: '<p>The Shop</p>'\n"
BUTTON = "fragment: button\nsource: '<b>Pay</b>'\n"
CHANGED = FOOTER.replace("The Shop", "Another")


async def test_a_fragment_is_approved_and_published(shop: CommandLine) -> None:
    shop.write("files.yaml", f"{POLICY}---\n{FOOTER}")
    await shop("apply", "-f", "files.yaml")
    refused = await shop("fragments", "publish", "footer")
    assert (refused.status, "approvalPolicies/wording. Submit its draft." in refused.err) == (2, True)
    submitted = (await shop("approvals", "submit", "fragments/footer", "-m", "We moved.", "--json")).data
    assert "in review" in (await shop("fragments", "list")).out
    shown = (await shop("approvals", "show", "fragments/footer")).out
    assert "fragments/footer is in review." in shown
    assert "approvalPolicies/wording: 0 of 1 approved." in shown
    refused = await shop("fragments", "publish", "footer", "--dry-run")
    assert "It is in review." in refused.err
    approve = ("approvals", "approve", "fragments/footer", "--content-hash", submitted["content_hash"])
    assert "fragments/footer is approved." in (await shop(*approve)).out
    assert "version 1 is published." in (await shop("fragments", "publish", "footer")).out
    (version,) = (await shop("fragments", "versions", "footer", "--json")).data
    assert len(version["approvers"]) == 1
    assert "PUBLISHED" in (await shop("approvals", "history", "fragments/footer")).out
    assert "fragments" in (await shop("approvals", "policies", "list")).out


async def test_comments_on_a_fragment_are_answered_and_resolved(shop: CommandLine) -> None:
    shop.write("footer.yaml", FOOTER)
    await shop("apply", "-f", "footer.yaml")
    asked = (await shop("approvals", "comment", "fragments/footer", "Is it right?", "--json")).data
    await shop("approvals", "comment", "fragments/footer", "It is.", "--reply-to", asked["step"])
    resolved = await shop("approvals", "resolve", "fragments/footer", asked["step"])
    assert "Is it right? (resolved)" in resolved.out
    assert "It is." in (await shop("approvals", "comments", "fragments/footer")).out


async def test_apply_leaves_a_fragment_without_approvals_as_a_draft_says_so_and_goes_on(shop: CommandLine) -> None:
    shop.write("files.yaml", f"{POLICY}---\n{FOOTER}---\n{BUTTON}")
    applied = await shop("apply", "-f", "files.yaml", "--activate", "--json")
    assert applied.status == 1
    lines = {line["name"]: line for line in applied.lines}
    assert lines["fragments/footer"]["refusal"]["reason"] == "APPROVAL_REQUIRED"
    assert [lines[f"fragments/{name}"]["activated"] for name in ("footer", "button")] == [False, True]
    again = await shop("apply", "-f", "files.yaml", "--activate")
    assert again.status == 1
    assert "Not published: fragments/footer lacks approvals" in again.out
    assert "`clarion approvals show fragments/footer`" in again.out


async def test_plan_and_apply_say_which_policies_a_changed_fragment_waits_for(shop: CommandLine) -> None:
    shop.write("files.yaml", f"{POLICY}---\n{FOOTER}---\n{BUTTON}")
    await shop("apply", "-f", "files.yaml", "--activate")
    shop.write("files.yaml", f"{POLICY}---\n{CHANGED}---\n{BUTTON.replace('Pay', 'Pay now')}")
    note = "Publishing it takes the approvals of approvalPolicies/wording: `clarion approvals submit fragments/footer`."
    planned = await shop("plan", "-f", "files.yaml")
    assert planned.out.count(note) == 1
    (footer,) = [
        each
        for each in (await shop("plan", "-f", "files.yaml", "--json")).data["resources"]
        if each["name"] == "fragments/footer"
    ]
    assert footer["approval_policies"] == ["approvalPolicies/wording"]
    for arguments in (("--dry-run",), ()):
        assert (await shop("apply", "-f", "files.yaml", *arguments)).out.count(note) == 1


async def test_a_file_that_differs_from_what_is_in_review_is_refused_before_anything_changes(shop: CommandLine) -> None:
    shop.write("files.yaml", f"{POLICY}---\n{FOOTER}")
    await shop("apply", "-f", "files.yaml")
    submitted = (await shop("approvals", "submit", "fragments/footer", "--json")).data
    assert (await shop("apply", "-f", "files.yaml", "--json")).lines[-1]["change"] == "unchanged"
    shop.write("files.yaml", f"{POLICY}---\n{CHANGED}---\n{BUTTON}")
    for command in ("plan", "apply"):
        refused = await shop(command, "-f", "files.yaml", "--json")
        assert refused.error["reason"] == "ILLEGAL_TRANSITION"
        (problem,) = refused.error["problems"]
        assert "fragments/footer: it is IN_REVIEW" in problem["text"]
    assert (await shop("fragments", "get", "button")).status != 0
    shown = (await shop("approvals", "show", "fragments/footer", "--json")).data
    assert shown["content_hash"] == submitted["content_hash"]


async def test_an_administrator_publishes_and_rolls_out_with_a_reason(shop: CommandLine) -> None:
    campaigns = POLICY.replace("wording", "legal").replace("FRAGMENT", "CAMPAIGN").partition("conditions")[0]
    shop.write("files.yaml", f"{POLICY}---\n{FOOTER}")
    await shop("apply", "-f", "files.yaml")
    assert (await shop("fragments", "publish", "footer", "--bypass", "We moved.")).status == 0
    assert "bypassed: We moved." in (await shop("fragments", "versions", "footer")).out
    html = '{% include "fragments/footer" %}'
    exported = (await shop("campaigns", "get", "order-confirmed")).out
    shop.write("campaign.yaml", exported.replace("<p>Thank you.</p>", html))
    assert (await shop("apply", "-f", "campaign.yaml", "--activate")).status == 0
    shop.write("files.yaml", f"{campaigns}---\n{CHANGED}")
    await shop("apply", "-f", "files.yaml")
    await shop("fragments", "publish", "footer", "--bypass", "We moved.")
    waiting = await shop("fragments", "repin", "footer", "--all")
    assert (waiting.status, "APPROVAL_REQUIRED" in waiting.out) == (1, True)
    rolled_out = await shop("fragments", "repin", "footer", "--all", "--bypass", "We moved.", "--json")
    assert [each["outcome"] for each in rolled_out.data] == ["REPINNED"]
    versions = (await shop("campaigns", "versions", "order-confirmed", "--json")).data
    assert versions[0]["bypass_reason"] == "We moved."
