"""Topics from files and by commands, against the real service."""

from __future__ import annotations

from clarion_client import Silence, TopicVisibility

from tests.e2e.cli.conftest import CAMPAIGN, CommandLine
from tests.service import Sandbox

TOPIC = """\
topic: newsletter
display_name: Newsletter
description: Once a month.
translations:
  - {locale: de, display_name: Rundbrief}
visibility: PRIVATE
one_click: CHANNEL
silence: SEND_UNLESS_DENIED
"""


async def test_a_topic_is_applied_before_the_campaign_that_names_it(shop: CommandLine, sandbox: Sandbox) -> None:
    shop.write("campaign.yaml", f"{CAMPAIGN}topic: newsletter\n---\n{TOPIC}")
    applied = await shop("apply", "-f", "campaign.yaml", "--activate", "--json")
    assert applied.status == 0
    assert [line["name"] for line in applied.lines] == ["topics/newsletter", "campaigns/order-confirmed"]
    with sandbox.client() as client:
        assert client.campaigns.get("order-confirmed").topic == "topics/newsletter"
        topic = client.topics.get("newsletter")
    assert (topic.visibility, topic.silence) == (TopicVisibility.PRIVATE, Silence.SEND_UNLESS_DENIED)
    assert topic.one_click == "CHANNEL"


async def test_a_topic_is_printed_as_the_file_that_made_it(shop: CommandLine) -> None:
    shop.write("topic.yaml", TOPIC)
    await shop("apply", "-f", "topic.yaml")
    printed = await shop("topics", "get", "newsletter")
    shop.write("topic.yaml", printed.out)
    assert (await shop("apply", "-f", "topic.yaml", "--json")).lines[0]["change"] == "unchanged"


async def test_an_archived_topic_is_listed_only_when_asked_for(shop: CommandLine) -> None:
    shop.write("topic.yaml", TOPIC)
    await shop("apply", "-f", "topic.yaml")
    assert (await shop("topics", "archive", "newsletter")).out == "topics/newsletter is archived.\n"
    assert (await shop("topics", "list", "--json")).data == []
    (listed,) = (await shop("topics", "list", "--archived", "--json")).data
    assert listed["archive_time"] is not None
    assert (await shop("topics", "unarchive", "newsletter")).status == 0
    assert "newsletter" in (await shop("topics", "list")).out
