"""Folders with files of what a key may read and not change, against the real service."""

from __future__ import annotations

import pytest
from clarion_client import Scope

from tests.e2e.cli.conftest import CAMPAIGN, CHANNEL, CommandLine
from tests.service import Sandbox

SECRET = CHANNEL.replace("tls_mode: NONE", "tls_mode: NONE\n  username: shop\n  password: ${SMTP_PASSWORD}")
POLICY = """\
approval_policy: promotions
display_name: Promotions
conditions: {categories: [MARKETING]}
required_count: 2
block_self: true
"""


@pytest.fixture
async def author(clarion: CommandLine, sandbox: Sandbox) -> CommandLine:
    """Has an author's key. What its files say is applied."""
    clarion.environment |= {"SMTP_PORT": "2525", "SMTP_PASSWORD": "secret"}
    clarion.write("campaign.yaml", CAMPAIGN)
    clarion.write("channel.yaml", SECRET)
    clarion.write("policy.yaml", POLICY)
    assert (await clarion("apply", "-f", ".")).status == 0
    clarion.environment |= {"CLARION_API_KEY": key(sandbox, Scope.AUTHOR), "SMTP_PASSWORD": "anything"}
    return clarion


def key(sandbox: Sandbox, scope: Scope) -> str:
    with sandbox.client() as client:
        return client.keys.create(str(scope), [scope]).secret


async def test_an_author_applies_a_folder_whose_other_files_are_as_stored(
    author: CommandLine, sandbox: Sandbox
) -> None:
    with sandbox.client() as client:
        before = client.channels.get("orders")
    author.write("campaign.yaml", CAMPAIGN.replace("Thank you.", "Thank you so much."))
    planned = await author("plan")
    assert (planned.status, planned.err) == (1, "")
    assert planned.out.endswith("0 to create, 1 to update, 2 unchanged.\n")
    applied = await author("apply", "-f", ".", "--json")
    assert (applied.status, applied.err) == (0, "")
    assert {line["name"]: line["change"] for line in applied.lines} == {
        "approvalPolicies/promotions": "unchanged",
        "channelConfigurations/orders": "unchanged",
        "campaigns/order-confirmed": "updated",
    }
    (channel,) = (line for line in applied.lines if line["name"] == "channelConfigurations/orders")
    assert channel["not_compared"] == ["smtp.timeout", "retry_policy", "max_concurrency", "max_message_bytes"]
    assert "leaves out smtp.timeout, retry_policy, max_concurrency, max_message_bytes" in (await author("plan")).out
    with sandbox.client() as client:
        assert client.channels.get("orders") == before


async def test_files_that_would_change_more_than_the_key_may_are_refused_by_their_lines(
    author: CommandLine, sandbox: Sandbox
) -> None:
    author.write("campaign.yaml", CAMPAIGN.replace("Thank you.", "Thank you so much."))
    author.write("channel.yaml", SECRET.replace("display_name: Orders", "display_name: Mails"))
    author.write(
        "policy.yaml", POLICY.replace("required_count: 2", "required_count: 1").replace("block_self: true\n", "")
    )
    author.write("new.yaml", CHANNEL.replace("channel: orders", "channel: more"))
    refused = await author("apply", "-f", ".", "--json")
    assert (refused.status, refused.out) == (2, "")
    assert refused.error["reason"] == "SCOPE_DENIED"
    stored = "Another value is stored. It takes a key with the scope admin to change it."
    missing = "There is none yet that this key sees. It takes a key with the scope admin to create it."
    assert [(problem["where"], problem["text"]) for problem in refused.error["problems"]] == [
        ("channel.yaml:2: display_name", stored),
        ("new.yaml:1: channel", missing),
        ("policy.yaml:1: block_self", stored),
        ("policy.yaml:4: required_count", stored),
    ]
    with sandbox.client() as client:
        assert "so much" not in str(client.campaigns.get("order-confirmed").to_dict())


async def test_an_author_cannot_send_a_secret_again(author: CommandLine) -> None:
    refused = await author("apply", "-f", ".", "--renew-secrets")
    assert refused.status == 2
    assert "channel.yaml:3: smtp: It takes a key with the scope admin to send a secret again." in refused.err


async def test_exported_files_are_compared_whole(author: CommandLine) -> None:
    assert (await author("export", "out")).status == 0
    applied = await author("apply", "-f", "out", "--json")
    assert applied.status == 0
    assert [(line["change"], "not_compared" in line) for line in applied.lines] == [("unchanged", False)] * 3


async def test_a_reader_s_plan_tells_what_differs(author: CommandLine, sandbox: Sandbox) -> None:
    author.environment["CLARION_API_KEY"] = key(sandbox, Scope.READ)
    agreed = await author("plan")
    assert (agreed.status, agreed.out.splitlines()[-1]) == (0, "0 to create, 0 to update, 3 unchanged.")
    author.write("campaign.yaml", CAMPAIGN.replace("Order {{ context.order }}", "Your order"))
    differs = await author("plan")
    assert differs.status == 2
    assert "campaign.yaml:7: actions[0].email.subject: Another value is stored." in differs.err


async def test_whoever_may_not_read_is_refused_as_a_whole(author: CommandLine, sandbox: Sandbox) -> None:
    author.environment["CLARION_API_KEY"] = key(sandbox, Scope.TRIGGER)
    refused = await author("apply", "-f", ".")
    assert (refused.status, refused.out) == (2, "")
    assert "it needs one of the scopes admin, approve, author, read" in refused.err


async def test_whoever_may_not_activate_learns_it_before_anything_is_written(
    author: CommandLine, sandbox: Sandbox
) -> None:
    author.write("campaign.yaml", CAMPAIGN.replace("Thank you.", "Thank you so much."))
    author.write("new.yaml", CAMPAIGN.replace("campaign: order-confirmed", "campaign: order-sent"))
    for options in ((), ("--dry-run",)):
        refused = await author("apply", "-f", ".", "--activate", "--json", *options)
        assert (refused.status, refused.out) == (2, "")
        assert refused.error["reason"] == "SCOPE_DENIED"
        text = "It takes a key with one of the scopes admin, approve to activate it."
        assert [(problem["where"], problem["text"]) for problem in refused.error["problems"]] == [
            ("campaign.yaml:1: campaign", text),
            ("new.yaml:1: campaign", text),
        ]
    with sandbox.client() as client:
        assert [each.name for each in client.campaigns.list()] == ["campaigns/order-confirmed"]
        assert "so much" not in str(client.campaigns.get("order-confirmed").to_dict())
    assert (await author("apply", "-f", ".")).status == 0


async def test_an_author_applies_what_leaves_nothing_to_activate(author: CommandLine, sandbox: Sandbox) -> None:
    with sandbox.client() as client:
        client.campaigns.activate("order-confirmed")
    author.write("campaign.yaml", f"{CAMPAIGN}tags: [shop]\n")
    applied = await author("apply", "-f", ".", "--activate", "--json")
    assert (applied.status, applied.err) == (0, "")
    assert {line["name"]: line["change"] for line in applied.lines}["campaigns/order-confirmed"] == "updated"
