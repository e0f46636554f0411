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


SECOND = CAMPAIGN.replace("order-confirmed", "order-sent").replace(
    "<p>Thank you.</p>", '{% include "fragments/inner@1" %}'
)


async def test_a_version_is_rolled_out_to_the_campaigns_that_have_the_fragment(shop: CommandLine) -> None:
    shop.write("files.yaml", f"{FILES}---\n{SECOND}")
    await shop("apply", "-f", "files.yaml", "--activate")
    shop.write("inner.yaml", "fragment: inner\nsource: '<i>Many thanks.</i>'\n")
    applied = await shop("apply", "-f", "inner.yaml", "--activate")
    assert "version 2 is published" in applied.out
    assert "2 live campaigns have another version of fragments/inner" in applied.err
    review = await shop("review", "order-confirmed", "--json")
    assert "clarion fragments repin inner order-confirmed" in review.out
    dry = await fragments(shop, "repin", "inner", "--all", "--dry-run")
    assert "Nothing was changed." in dry.out
    rolled_out = await fragments(shop, "repin", "inner", "--all", "--json")
    found = [(each["campaign"], each["outcome"], each.get("campaign_version")) for each in rolled_out.data]
    assert found == [("campaigns/order-confirmed", "REPINNED", 3), ("campaigns/order-sent", "FIXED", 1)]
    assert rolled_out.status == 1
    shown = await fragments(shop, "repin", "inner", "order-confirmed")
    assert shown.status == 0
    assert "UNCHANGED" in shown.out
    back = await shop("activate", "order-confirmed", "--version", "2")
    assert back.status == 0


async def test_a_roll_out_that_a_review_refuses_shows_its_errors(shop: CommandLine) -> None:
    shop.write("files.yaml", FILES)
    await shop("apply", "-f", "files.yaml", "--activate")
    shop.write("inner.yaml", "fragment: inner\nsource: '<i>{{ context.nothing }}</i>'\n")
    await shop("apply", "-f", "inner.yaml", "--activate")
    refused = await fragments(shop, "repin", "inner", "order-confirmed")
    assert refused.status == 1
    assert "REFUSED" in refused.out
    assert "fragments/inner@2:1" in refused.out
    for arguments in ((), ("order-confirmed", "--all")):
        wrong = await fragments(shop, "repin", "inner", *arguments)
        assert wrong.status == 2
        assert "--all" in wrong.err


async def test_a_file_alone_is_a_fragment_in_lint_plan_apply_and_export(shop: CommandLine) -> None:
    (shop.folder / "own" / "fragments").mkdir(parents=True)
    shop.write("own/order-confirmed.yaml", CAMPAIGN.replace("<p>Thank you.</p>", '{% include "fragments/thanks" %}'))
    shop.write("own/fragments/thanks.html", "<p>{{ context.none }}</p>\n")
    wrong = await shop.process("lint", "-f", "own")
    assert wrong.status != 0
    assert "fragments/thanks@1:1" in wrong.out
    shop.write("own/fragments/thanks.html", "<p>Thank you.</p>\n")
    planned = await shop("plan", "-f", "own")
    assert "create fragments/thanks" in " ".join(planned.out.split())
    applied = await shop("apply", "-f", "own", "--activate")
    assert applied.status == 0, applied.err
    assert (await shop("plan", "-f", "own")).status == 0
    assert (await shop("export", "backup")).status == 0
    assert (await shop("plan", "-f", "backup")).status == 0


async def test_a_finding_in_a_fragment_of_the_files_has_its_place_there(shop: CommandLine) -> None:
    shop.write("footer.html", "<p>\n{{ context.nothing }}</p>")
    shop.write("files.yaml", f"{FILES}---\nfragment: footer\nsource_file: footer.html\n".replace('inner"', 'footer"'))
    linted = await shop.process("lint", "-f", "files.yaml", "--json")
    found = [(each["place"], each["code"]) for each in linted.data["findings"]]
    assert ("footer.html:2", "VARIABLE_NOT_IN_SCHEMA") in found
    shop.write("footer.html", "{% include 'fragments/none' %}")
    messages = [each["message"] for each in (await shop.process("lint", "-f", "files.yaml", "--json")).data["findings"]]
    assert any("no published fragment fragments/none in the files" in each for each in messages)
    assert any(each.startswith("fragments/base could not be used") for each in messages)
    shop.write("footer.html", "<p>{{ context.order.x }}</p>")
    shop.write("tests.yaml", "tests: order-confirmed\ncases:\n  - {id: plain, context: {order: A1}}\n")
    tried = await shop.process("test", "-f", "files.yaml", "-f", "tests.yaml")
    assert "fragments/base@1:1, fragments/footer@1:1: " in tried.out
