"""`clarion locales`, and a campaign in several languages from its files to a message."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.cli.conftest import CommandLine
from tests.service import Sandbox

CAMPAIGN = """\
campaign: greeting
display_name: Greeting
category: TRANSACTIONAL
actions:
  - channel_configuration: orders
    email:
      subject: '{{ t("hello") }}'
      text: '{{ t("hello") }} {{ 1234.5 | number }}'
    variants:
      - locale: fr
        email: { subject: Bonjour, text_file: greeting.fr.txt }
translations:
  en: texts/en.json # the words of the author
context_schema: { type: object }
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "en.json").write_text(json.dumps({"hello": "Hello"}))
    (tmp_path / "greeting.fr.txt").write_text("Bonjour {{ 1234.5 | number }}\n")
    (tmp_path / "greeting.yaml").write_text(CAMPAIGN)
    return tmp_path


async def test_a_locale_is_added_exported_translated_imported_and_applied(
    clarion: CommandLine, sandbox: Sandbox, folder: Path
) -> None:
    file, po = str(folder / "greeting.yaml"), folder / "de.po"
    assert (await clarion("locales", "add", file, "de")).status == 0
    assert "  de: texts/de.json\n" in (folder / "greeting.yaml").read_text()
    assert "# the words of the author" in (folder / "greeting.yaml").read_text()
    assert (await clarion("locales", "export", file, "de", "-o", str(po))).status == 0
    lacking = await clarion("locales", "status", file, "--json")
    assert lacking.status == 1
    assert json.loads(lacking.out)["locales"][1] == {"locale": "de", "texts": 0, "missing": ["hello"]}
    po.write_text(
        po.read_text()
        .replace('msgstr ""\n', 'msgstr "Hallo"\n')
        .replace('msgid ""\nmsgstr "Hallo"', 'msgid ""\nmsgstr ""')
    )
    imported = await clarion("locales", "import", file, "de", str(po), "--json")
    assert json.loads(imported.out)["imported"] == 1, imported.err
    assert (await clarion("locales", "status", file)).status == 0
    applied = await clarion("apply", "-f", file)
    assert applied.status == 0, applied.err
    with sandbox.client() as client:
        shown = {tag: client.campaigns.preview("greeting", {}, locale=tag) for tag in ("de-CH", "fr", "ja")}
    mails = {tag: (preview.email and preview.email.text, preview.locale_reason) for tag, preview in shown.items()}
    assert mails == {
        "de-CH": ("Hallo 1\u2019234.5", "PARENT"),
        "fr": ("Bonjour 1\u202f234,5", "EXACT"),
        "ja": ("Hello 1,234.5", "DEFAULT"),
    }


async def test_a_file_that_cannot_be_read_changes_nothing(clarion: CommandLine, folder: Path) -> None:
    file, po = str(folder / "greeting.yaml"), folder / "en.po"
    po.write_text('msgid ""\nmsgstr "Plural-Forms: nplurals=2; plural=__import__(\'os\');\\n"\n')
    refused = await clarion("locales", "import", file, "en", str(po))
    assert refused.status == 2
    assert f"{po}:1" in refused.err
    assert json.loads((folder / "texts" / "en.json").read_text()) == {"hello": "Hello"}
    missing = await clarion("locales", "import", file, "ja", str(po))
    assert "clarion locales add" in missing.err


async def test_the_status_of_a_file_without_translations_says_so(clarion: CommandLine) -> None:
    clarion.write(
        "campaign.yaml", CAMPAIGN.replace("translations:\n  en: texts/en.json # the words of the author\n", "")
    )
    status = await clarion("locales", "status", "campaign.yaml")
    assert (status.status, status.err) == (0, "The file has no translations.\n")


async def test_a_locale_that_is_no_tag_leaves_no_file(clarion: CommandLine, folder: Path) -> None:
    file = folder / "greeting.yaml"
    before = file.read_text()
    for locale, hint in (
        ("de_AT", "Write it as in de-AT."),
        ("z1", "Write it as in pt-BR."),
        ("xx_yy_zz", "Write it as in pt-BR."),
        ("xx-yy-zz", "Write it as in pt-BR."),
    ):
        refused = await clarion("locales", "add", str(file), locale)
        assert refused.status == 2
        assert hint in refused.err
    assert file.read_text() == before
    assert sorted(path.name for path in (folder / "texts").iterdir()) == ["en.json"]


async def test_a_catalogue_that_is_there_is_named_and_keeps_its_texts(clarion: CommandLine, folder: Path) -> None:
    (folder / "texts" / "de.json").write_text('{"hello": "Hallo"}')
    added = await clarion("locales", "add", str(folder / "greeting.yaml"), "de", "--json")
    assert (added.status, json.loads(added.out)["missing"]) == (0, [])
    assert json.loads((folder / "texts" / "de.json").read_text()) == {"hello": "Hallo"}


async def test_texts_are_exported_in_a_format_that_the_suffix_names(clarion: CommandLine, folder: Path) -> None:
    refused = await clarion("locales", "export", str(folder / "greeting.yaml"), "en", "-o", str(folder / "en.xliff"))
    assert refused.status == 2
    assert "Name a file that ends in .po or .json." in refused.err
    assert not (folder / "en.xliff").exists()
