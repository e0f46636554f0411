"""`clarion locales add` names a catalogue in every form that the file of a campaign may have."""

from __future__ import annotations

from pathlib import Path

import pytest
from clarion_server.transport.cli.failures import CommandFailed
from clarion_server.transport.cli.files.campaign_texts import read_campaign_texts
from clarion_server.transport.cli.files.catalogue_names import name_catalogue

BASE = "campaign: c\ndisplay_name: C\n"


def named(folder: Path, text: str) -> str:
    """Returns the text of a file in which a German catalogue was named."""
    file = folder / "c.yaml"
    file.write_bytes(text.encode())
    (folder / "en.json").write_text('{"a": "A"}')
    name_catalogue(read_campaign_texts(file), "de", folder / "de.json")
    assert _names(file)["de"] == "de.json"
    return file.read_bytes().decode()


def _names(file: Path) -> dict[str, str]:
    (file.parent / "de.json").write_text("{}")
    return {locale: path.name for locale, path in read_campaign_texts(file).files.items()}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # Texts in the file itself, as the page about languages shows them.
        ("translations:\n  en: {a: A}\n", "translations:\n  de: de.json\n  en: {a: A}\n"),
        ("translations:\n    en:\n      a: A # x\n", "translations:\n    de: de.json\n    en:\n      a: A # x\n"),
        ("translations:\n  en: en.json # x\ntags: []\n", "translations:\n  en: en.json # x\n  de: de.json\ntags: []\n"),
        ("translations: {en: en.json}\n", 'translations: {"de": "de.json", en: en.json}\n'),
        ("translations: {}\n", 'translations: {"de": "de.json"}\n'),
        ("translations:\n", "translations:\n  de: de.json\n"),
        ("", "translations:\n  de: de.json\n"),
        ("translations:\n  en: en.json", "translations:\n  en: en.json\n  de: de.json\n"),
        # The campaign is not the last document of the file.
        ("---\ntopic: x\n", "translations:\n  de: de.json\n---\ntopic: x\n"),
        # Python takes U+2028 for a line end, and YAML takes it for a character.
        (
            'description: "a\u2028b"\ntranslations:\n  en: {a: A}\n',
            'description: "a\u2028b"\ntranslations:\n  de: de.json\n  en: {a: A}\n',
        ),
    ],
)
@pytest.mark.parametrize("end_of_line", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_catalogue_is_named_and_all_else_stays_as_it_is(
    tmp_path: Path, before: str, after: str, end_of_line: str, mark: str
) -> None:
    def written(text: str) -> str:
        return mark + f"{BASE}{text}".replace("\n", end_of_line)

    assert named(tmp_path, written(before)) == written(after)


def test_a_file_in_json_gets_it_too(tmp_path: Path) -> None:
    assert named(tmp_path, '{"campaign": "c"}') == '{"translations": {"de": "de.json"}, "campaign": "c"}'
    text = '{"campaign": "c", "translations": {"en": "en.json"}}'
    assert named(tmp_path, text) == '{"campaign": "c", "translations": {"de": "de.json", "en": "en.json"}}'


def test_what_cannot_be_added_to_stays_as_it_is_and_the_line_is_told(tmp_path: Path) -> None:
    text = f"{BASE}translations: null\n"
    with pytest.raises(CommandFailed) as refused:
        named(tmp_path, text)
    assert "`de: de.json`" in str(refused.value.hint)
    assert (tmp_path / "c.yaml").read_text() == text
