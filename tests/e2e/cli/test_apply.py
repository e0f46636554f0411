"""Campaigns and channel configurations from files, against the real service."""

from __future__ import annotations

from tests.e2e.cli.conftest import CAMPAIGN, CHANNEL, CommandLine
from tests.service import Sandbox

WEBHOOK_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
WEBHOOK = f"""\
channel: orders
display_name: Orders
webhook:
  url: ${{ORDERS_URL}}
  secret: {WEBHOOK_SECRET}
"""
SECRET_CHANNEL = """\
channel: guarded
display_name: Guarded
smtp:
  host: smtp.example.com
  username: shop
  password: ${SMTP_PASSWORD}
  sender: {address: shop@example.com}
"""


async def test_applying_again_changes_nothing_and_writes_nothing(shop: CommandLine, sandbox: Sandbox) -> None:
    with sandbox.client() as client:
        before = [client.campaigns.get("order-confirmed"), client.channels.get("orders")]
        again = await shop.process("apply", "-f", ".", "--activate", "--json")
        after = [client.campaigns.get("order-confirmed"), client.channels.get("orders")]
    assert again.status == 0
    assert [(line["name"], line["change"], line["activated"]) for line in again.lines] == [
        ("channelConfigurations/orders", "unchanged", False),
        ("campaigns/order-confirmed", "unchanged", False),
    ]
    assert after == before


async def test_a_change_is_shown_as_a_diff_and_waits_for_activation(shop: CommandLine) -> None:
    shop.write("campaign.yaml", CAMPAIGN.replace("Thank you.", "Many thanks."))
    applied = await shop.process("apply", "-f", "campaign.yaml")
    assert applied.status == 0
    lines = applied.out.splitlines()
    assert lines[0] == "campaigns/order-confirmed updated, LIVE version 1, draft not activated"
    assert "  -        <p>Thank you.</p>" in lines
    assert "  +        <p>Many thanks.</p>" in lines
    assert "  +display_name: Order confirmed" not in lines


async def test_a_field_that_leaves_the_file_leaves_the_campaign(shop: CommandLine, sandbox: Sandbox) -> None:
    shop.write("campaign.yaml", CAMPAIGN + "tags: [shop]\ndescription: What was ordered.\n")
    await shop("apply", "-f", "campaign.yaml")
    shop.write("campaign.yaml", CAMPAIGN)
    applied = await shop("apply", "-f", "campaign.yaml", "--json")
    assert applied.lines[0]["change"] == "updated"
    with sandbox.client() as client:
        campaign = client.campaigns.get("order-confirmed")
    assert campaign.tags == ()
    assert campaign.description == ""


async def test_a_dry_run_shows_the_diff_and_changes_nothing(shop: CommandLine, sandbox: Sandbox) -> None:
    shop.write("campaign.yaml", CAMPAIGN.replace("Thank you.", "Many thanks."))
    applied = await shop("apply", "-f", "campaign.yaml", "--dry-run", "--activate")
    assert applied.status == 0
    assert applied.out.startswith("campaigns/order-confirmed would be updated\n")
    with sandbox.client() as client:
        campaign = client.campaigns.get("order-confirmed")
    assert not campaign.draft_pending
    assert campaign.live_version == 1


async def test_what_review_finds_is_reported_by_line_of_the_file(shop: CommandLine) -> None:
    shop.write("campaign.yaml", CAMPAIGN.replace("is {{ context.order }}", "is {{ context.ordr }}"))
    applied = await shop("apply", "-f", "campaign.yaml", "--activate", "--json")
    assert applied.status == 1
    (line,) = applied.lines
    assert not line["activated"]
    assert [(finding["place"], finding["code"]) for finding in line["findings"]] == [
        ("campaign.yaml:10", "VARIABLE_NOT_IN_SCHEMA")
    ]
    assert CAMPAIGN.splitlines()[9] == "        <p>Your order is {{ context.order }}.</p>"


async def test_what_review_finds_in_a_file_of_its_own_is_reported_by_its_line(shop: CommandLine) -> None:
    head, _, tail = CAMPAIGN.partition("      html: |\n")
    shop.write("campaign.yaml", head + "      html_file: order.html\n" + tail[tail.index("context_schema") :])
    shop.write("order.html", "<p>Thank you.</p>\n<p>\n{{ context.nothing }}</p>\n")
    applied = await shop("apply", "-f", "campaign.yaml", "--activate", "--json")
    assert [finding["place"] for finding in applied.lines[0]["findings"]] == ["order.html:3"]


async def test_what_the_service_refuses_is_reported_by_line_of_the_file_for_all_files(clarion: CommandLine) -> None:
    clarion.write("a.yaml", CAMPAIGN.replace("order-confirmed", "first") + "tags: [shop, shop]\n")
    clarion.write("b.yaml", CAMPAIGN.replace("order-confirmed", "Second") + "tags: [shop, shop]\n")
    applied = await clarion("apply", "-f", ".")
    assert applied.status == 2
    assert "a.yaml:16: tags[1]" in applied.err
    assert "b.yaml:1: campaign: " in applied.err
    assert "b.yaml:16: tags[1]" in applied.err
    assert "INVALID_FIELDS" in applied.err


async def test_nothing_is_changed_when_the_service_refuses_one_of_the_files(clarion: CommandLine) -> None:
    clarion.write("a.yaml", CAMPAIGN)
    clarion.write("b.yaml", CAMPAIGN.replace("order-confirmed", "other") + "tags: [shop, shop]\n")
    applied = await clarion("apply", "-f", ".")
    assert (applied.status, applied.out) == (2, "")
    assert applied.err.startswith("error: The service refuses campaigns/other. Nothing was changed.")
    assert (await clarion("campaigns", "list", "--json")).data == []


async def test_a_dry_run_says_what_the_service_would_refuse(shop: CommandLine) -> None:
    shop.write("campaign.yaml", CAMPAIGN + "tags: [shop, shop]\n")
    new = CAMPAIGN.replace("order-confirmed", "new").replace("display_name: Order confirmed", "display_name: ''")
    shop.write("new.yaml", new)
    refused = await shop("apply", "-f", ".", "--dry-run", "--json")
    assert refused.status == 2
    assert refused.error["message"] == "The service would refuse 2 of the resources."
    assert [problem["where"] for problem in refused.error["problems"]] == [
        "campaign.yaml:16: tags[1]",
        "new.yaml:2: display_name",
    ]


async def test_a_stopped_campaign_is_refused_by_line(shop: CommandLine) -> None:
    await shop("stop", "order-confirmed", "--queue", "drain")
    shop.write("campaign.yaml", CAMPAIGN.replace("Thank you.", "Many thanks."))
    refused = await shop("apply", "-f", ".", "--dry-run", "--json")
    assert refused.error["reason"] == "ILLEGAL_TRANSITION"
    assert [problem["where"] for problem in refused.error["problems"]] == ["campaign.yaml:1: campaign"]


async def test_defaults_that_a_file_writes_out_are_no_change(shop: CommandLine) -> None:
    shop.write("campaign.yaml", CAMPAIGN + "default_locale: en\nin_doubt_policy: RESEND\n")
    shop.write("channel.yaml", CHANNEL + "max_concurrency: 10\nretry_policy: {window: 86400s}\n")
    again = await shop("apply", "-f", ".", "--json")
    assert [line["change"] for line in again.lines] == ["unchanged", "unchanged"]


async def test_activation_shows_warnings(shop: CommandLine) -> None:
    shop.write("campaign.yaml", CAMPAIGN.replace("category: TRANSACTIONAL", "category: MARKETING"))
    for change in ("updated", "unchanged"):
        applied = await shop("apply", "-f", "campaign.yaml", "--activate", "--json")
        assert applied.status == 0
        assert applied.lines[0]["change"] == change
        assert [(each["severity"], each["place"]) for each in applied.lines[0]["findings"]] == [
            ("WARNING", "campaign.yaml:8")
        ]


async def test_nothing_is_sent_when_any_file_is_wrong(clarion: CommandLine) -> None:
    clarion.write("a.yaml", CAMPAIGN)
    clarion.write("b.yaml", CAMPAIGN.replace("order-confirmed", "other").replace("display_name", "display_nam"))
    applied = await clarion("apply", "-f", ".")
    assert applied.status == 2
    assert (
        applied.err.splitlines()[1] == "  b.yaml:2: display_nam: It is no field of Campaign; did you mean display_name?"
    )
    assert (await clarion("campaigns", "list", "--json")).data == []


async def test_a_password_comes_from_the_environment_and_is_sent_once(clarion: CommandLine, sandbox: Sandbox) -> None:
    clarion.write("channel.yaml", SECRET_CHANNEL)
    missing = await clarion("apply", "-f", "channel.yaml")
    assert missing.status == 2
    assert "channel.yaml:6: smtp.password: The environment variable SMTP_PASSWORD is not set." in missing.err
    clarion.environment["SMTP_PASSWORD"] = "correct horse"
    assert (await clarion("apply", "-f", "channel.yaml")).out == "channelConfigurations/guarded created\n"
    assert (await clarion("apply", "-f", "channel.yaml")).out == "channelConfigurations/guarded unchanged\n"
    for option in ("--renew-secrets", "--renew-passwords"):
        renewed = await clarion("apply", "-f", "channel.yaml", option)
        assert renewed.out == "channelConfigurations/guarded updated\n"
    with sandbox.client() as client:
        smtp = client.channels.get("guarded").smtp
    assert smtp is not None
    assert smtp.password_set


async def test_a_new_user_comes_with_the_password_of_the_file(clarion: CommandLine, sandbox: Sandbox) -> None:
    clarion.write("channel.yaml", SECRET_CHANNEL)
    clarion.environment["SMTP_PASSWORD"] = "correct horse"
    await clarion("apply", "-f", "channel.yaml")
    clarion.write("channel.yaml", SECRET_CHANNEL.replace("username: shop", "username: other"))
    applied = await clarion("apply", "-f", "channel.yaml")
    assert "  +  username: other" in applied.out.splitlines()
    assert "correct horse" not in applied.out
    exported = await clarion("channels", "get", "guarded")
    assert "username: other" in exported.out
    assert "password" not in exported.out


async def test_the_secrets_of_every_provider_come_from_outside_and_are_kept(
    clarion: CommandLine, sandbox: Sandbox
) -> None:
    clarion.write("channel.yaml", WEBHOOK)
    clarion.environment["ORDERS_URL"] = "https://shop.example/orders"
    refused = await clarion("apply", "-f", "channel.yaml", "--json")
    assert [(problem["where"], problem["remedy"]) for problem in refused.error["problems"]] == [
        ("channel.yaml:5: webhook.secret", "Write ${WEBHOOK_SECRET}, and set it.")
    ]
    clarion.write("channel.yaml", WEBHOOK.replace("secret: whsec_", "secret_file: secret # whsec_"))
    clarion.write("secret", f"{WEBHOOK_SECRET}\n")
    created = await clarion("apply", "-f", "channel.yaml")
    assert (created.status, created.out) == (0, "channelConfigurations/orders created\n"), created.err
    exported = await clarion("channels", "get", "orders")
    assert "https://shop.example/orders" in exported.out
    assert "secret" not in exported.out.partition("channel: ")[2]
    again = await clarion("apply", "-f", "-", stdin=exported.out)
    assert again.out == "channelConfigurations/orders unchanged\n"
    with sandbox.client() as client:
        webhook = client.channels.get("orders").webhook
    assert webhook is not None
    assert webhook.secret_set
    assert "webhook https://shop.example/orders" in (await clarion("channels", "list")).out


async def test_what_is_exported_can_be_applied_and_is_unchanged(shop: CommandLine) -> None:
    for kind, name in (("campaigns", "order-confirmed"), ("channels", "orders")):
        exported = await shop(kind, "get", name)
        applied = await shop("apply", "-f", "-", "--json", stdin=exported.out)
        assert applied.lines[0]["change"] == "unchanged"


PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
WITH_PICTURE = CAMPAIGN.replace(
    "<p>Thank you.</p>", '<p>Thank you. <img src="{{ inline_image("Our logo.png") }}" alt="Shop"></p>'
).replace("    email:\n", "    email:\n      attachments: [{attachment_file: Our logo.png, inline: true}]\n")


async def test_a_file_beside_the_campaign_is_uploaded_and_a_changed_one_is_another_attachment(
    shop: CommandLine, sandbox: Sandbox
) -> None:
    (shop.folder / "Our logo.png").write_bytes(PICTURE)
    shop.write("campaign.yaml", WITH_PICTURE)
    planned = await shop("apply", "-f", "campaign.yaml", "--dry-run", "--json")
    assert planned.lines[0]["change"] == "updated"
    with sandbox.client() as client:
        assert list(client.attachments.list()) == []
        applied = await shop("apply", "-f", "campaign.yaml", "--activate", "--json")
        assert (applied.lines[0]["activated"], applied.lines[0]["findings"]) == (True, [])
        again = await shop("apply", "-f", "campaign.yaml", "--activate", "--json")
        assert again.lines[0]["change"] == "unchanged"
        shown = (await shop("preview", "order-confirmed", "--context", '{"order": "1"}')).out
        assert f"File     Our logo.png ({len(PICTURE)} octets, shown in the HTML)" in shown
        (shop.folder / "Our logo.png").write_bytes(PICTURE + b"changed")
        changed = await shop("apply", "-f", "campaign.yaml", "--activate", "--json")
        assert (changed.lines[0]["change"], changed.lines[0]["activated"]) == ("updated", True)
        names = [attachment.name for attachment in client.attachments.list()]
        assert len(names) == 2
        assert all(name.startswith("attachments/our-logo-") for name in names)


async def test_a_file_that_is_not_there_is_named_with_its_line(shop: CommandLine) -> None:
    shop.write("campaign.yaml", WITH_PICTURE)
    failed = await shop.process("apply", "-f", "campaign.yaml")
    assert failed.status == 2
    assert "Our logo.png: No such file or directory." in failed.err
