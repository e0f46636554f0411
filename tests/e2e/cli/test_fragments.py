"""Fragments on the command line, against the real service."""

from __future__ import annotations

from tests.e2e.cli.conftest import CAMPAIGN, CommandLine, Finished

FOOTER = """\
fragment: footer
display_name: Footer
source: |
  <p>{{ label }}</p>
parameters:
  type: object
  properties:
    label: {type: string}
  required: [label]
"""
BROKEN = """\
fragment: footer
source: |
  <p>
  {{ label }}</p>
---
fragment: base
source: '{% include "fragments/footer" %}'
"""


async def fragments(shop: CommandLine, *arguments: str) -> Finished:
    return await shop("fragments", *arguments)


async def test_a_fragment_goes_from_its_file_through_its_versions_to_the_archive(shop: CommandLine) -> None:
    shop.write("footer.yaml", FOOTER)
    await shop("apply", "-f", "footer.yaml")
    assert "version 1 would be published." in (await fragments(shop, "publish", "footer", "--dry-run")).out
    assert "pending" in (await fragments(shop, "list")).out
    assert "fragments/footer version 1 is published." in (await fragments(shop, "publish", "footer")).out
    assert "pending" not in (await fragments(shop, "list")).out
    assert (await fragments(shop, "versions", "footer", "--json")).data[0]["version"] == 1
    shop.write("footer.yaml", (await fragments(shop, "get", "footer")).out)
    assert (await shop("apply", "-f", "footer.yaml", "--json")).lines[0]["change"] == "unchanged"
    assert "fragments/footer is archived." in (await fragments(shop, "archive", "footer")).out
    assert "fragments/footer is in use." in (await fragments(shop, "unarchive", "footer")).out
    assert "footer is deleted." in (await fragments(shop, "delete", "footer")).out


async def test_the_errors_of_a_fragment_and_its_uses_are_shown(shop: CommandLine) -> None:
    shop.write("broken.yaml", BROKEN)
    await shop("apply", "-f", "broken.yaml")
    refused = await fragments(shop, "publish", "footer")
    assert refused.status == 1
    assert "`label` is no parameter of the fragment" in refused.err
    uses = (await fragments(shop, "uses", "footer")).out
    assert "fragments/base" in uses
    assert "newest" in uses
    deleted = await fragments(shop, "delete", "footer")
    assert "fragments/base have it" in deleted.err


FILES = (
    CAMPAIGN.replace("<p>Thank you.</p>", '{% include "fragments/base" %}')
    + """---
fragment: base
source: '<b>{% include "fragments/inner" %}</b>'
---
fragment: inner
source: '<i>Thank you.</i>'
"""
)


async def test_fragments_are_published_before_what_includes_them(shop: CommandLine) -> None:
    shop.write("files.yaml", FILES)
    applied = await shop("apply", "-f", "files.yaml", "--activate", "--json")
    assert applied.status == 0
    names = ["fragments/inner", "fragments/base", "campaigns/order-confirmed"]
    assert [(line["name"], line["activated"]) for line in applied.lines] == [(name, True) for name in names]
    preview = await shop("preview", "order-confirmed", "--context", '{"order": "A1"}', "--json")
    assert "<b><i>Thank you.</i></b>" in preview.out
    again = await shop("apply", "-f", "files.yaml", "--activate", "--json")
    assert [line["change"] for line in again.lines] == ["unchanged"] * 3


async def test_a_fragment_with_errors_is_not_published_by_apply(shop: CommandLine) -> None:
    shop.write("broken.yaml", BROKEN)
    applied = await shop("apply", "-f", "broken.yaml", "--activate", "--json")
    assert applied.status == 1
    assert [finding["code"] for finding in applied.lines[0]["findings"]] == ["FRAGMENT_PARAMETER"]
    assert applied.lines[0]["activated"] is False
