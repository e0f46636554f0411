"""Fragments on the command line, against the real service."""

from __future__ import annotations

from tests.e2e.cli.conftest import CommandLine, Finished

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
