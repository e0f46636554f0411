"""`fragments/button.html` beside a campaign's file is a fragment without a document of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from clarion_client import Fragment, FragmentKind
from clarion_server.transport.cli.failures import CommandFailed
from clarion_server.transport.cli.files.resources import read_files

CAMPAIGN = """\
campaign: order
display_name: Order
category: TRANSACTIONAL
actions:
  - channel_configuration: orders
    email: { subject: Order, html: '{% include "fragments/button" %}', text_file: fragments/plain.txt }
"""
BASE = "fragment: base\nsource_file: base.html\n"


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(**files: str) -> None:
    Path("campaigns/fragments").mkdir(parents=True)
    Path("campaigns/order.yaml").write_text(CAMPAIGN)
    Path("campaigns/fragments/plain.txt").write_text("Thank you.\n")
    for name, text in files.items():
        Path("campaigns/fragments", name.replace("__", ".").replace("_", "-")).write_text(text)


def names(path: str = "campaigns") -> list[str]:
    return [resource.name for resource in read_files([Path(path)]).resources]


def test_files_of_html_and_of_text_are_fragments_and_those_that_others_include_come_first() -> None:
    write(a_button__html='{% include "fragments/inner" %}\n<b>Pay</b>\n', inner__html="<i>x</i>", note__txt="Bye.\n")
    *found, campaign = read_files([Path("campaigns")]).resources
    assert [each.value for each in found] == [
        Fragment(name="inner", kind=FragmentKind.HTML, source="<i>x</i>"),
        Fragment(name="a-button", kind=FragmentKind.HTML, source='{% include "fragments/inner" %}\n<b>Pay</b>\n'),
        Fragment(name="note", kind=FragmentKind.TEXT, source="Bye."),
    ]
    assert campaign.name == "campaigns/order"
    button = found[1].locations.find("source").of_text(2)
    assert str(button) == "campaigns/fragments/a-button.html:2"


def test_the_file_of_one_campaign_has_them_too_and_other_files_have_none() -> None:
    write(button__html="<b>Pay</b>")
    assert names("campaigns/order.yaml") == ["fragments/button", "campaigns/order"]
    Path("campaigns/topics.yaml").write_text("topic: news\ndisplay_name: News\n")
    assert names("campaigns/topics.yaml") == ["topics/news"]


def test_a_file_that_a_document_names_and_a_file_of_another_kind_are_no_fragments() -> None:
    write(base__html="<b>Base</b>", base__yaml=BASE, notes__md="# Notes", logo__png="")
    assert names() == ["fragments/base", "campaigns/order"]


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({"Button__html": "x"}, "campaigns/fragments/Button.html: Button is no id of a fragment."),
        ({"button__de__html": "x"}, "campaigns/fragments/button.de.html: button.de is no id of a fragment."),
        (
            {"button__html": "x", "button__txt": "x"},
            "fragments/button is at campaigns/fragments/button.html:1 too.",
        ),
        (
            {"button__html": "x", "other__yaml": "fragment: button\nsource: y\n"},
            "fragments/button is at campaigns/fragments/other.yaml:1 too.",
        ),
    ],
)
def test_what_is_no_fragment_or_is_given_twice_is_told(files: dict[str, str], problem: str) -> None:
    write(**files)
    with pytest.raises(CommandFailed) as failed:
        read_files([Path("campaigns")])
    (told,) = failed.value.problems
    assert problem in f"{told.where}: {told.text}"
