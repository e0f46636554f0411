"""`order.de.html` beside `order.html` is the German variant of a campaign's file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from clarion_client import Campaign, ContentVariant, EmailContent
from clarion_server.transport.cli.failures import CommandFailed
from clarion_server.transport.cli.files.resources import read_files

CAMPAIGN = """\
campaign: order
display_name: Order
category: TRANSACTIONAL
actions:
  - channel_configuration: orders
    email: { subject_file: texts/subject.txt, html_file: order.html, text: Thank you. }
"""
FILES = {"order.html": "<p>en</p>", "texts/subject.txt": "Order\n"}


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(files: dict[str, str], text: str = CAMPAIGN) -> None:
    for name, content in (
        {"campaigns/order.yaml": text} | {f"campaigns/{name}": each for name, each in files.items()}
    ).items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(content, encoding="utf-8")


def variants_of(files: dict[str, str], text: str = CAMPAIGN) -> list[ContentVariant]:
    write(FILES | files, text)
    (resource,) = read_files([Path("campaigns")]).resources
    assert isinstance(resource.value, Campaign)
    return list(resource.value.actions[0].variants)


def variant(locale: str, **fields: Any) -> ContentVariant:
    return ContentVariant(locale=locale, email=EmailContent(**fields))


def test_files_beside_those_of_the_content_make_a_variant_for_each_locale() -> None:
    files = {
        "order.de.html": "<p>de</p>",
        "texts/subject.de.txt": "Bestellung\n",
        "order.zh-Hant.html": "<p>zh</p>",
        "order.es-419.html": "<p>es</p>",
        "order.fil-PH.html": "<p>fil</p>",
    }
    assert variants_of(files) == [
        variant("de", subject="Bestellung", html="<p>de</p>"),
        variant("es-419", subject="", html="<p>es</p>"),
        variant("fil-PH", subject="", html="<p>fil</p>"),
        variant("zh-Hant", subject="", html="<p>zh</p>"),
    ]


def test_a_text_of_the_campaigns_file_is_stronger_than_a_file() -> None:
    given = f"{CAMPAIGN}    variants:\n      - {{ locale: de, email: {{ subject: Hallo, html: <b>de</b> }} }}\n"
    assert variants_of({"order.de.html": "no", "texts/subject.de.txt": "no"}, given) == [
        variant("de", subject="Hallo", html="<b>de</b>")
    ]
    given = given.replace(", html: <b>de</b>", "")
    assert variants_of({"order.de.html": "<p>de</p>"}, given) == [variant("de", subject="Hallo", html="<p>de</p>")]


def test_the_variant_of_a_rule_has_files_in_other_languages_too() -> None:
    given = f"{CAMPAIGN}    variants:\n      - {{ rule: vip, email: {{ subject: VIP, html_file: vip.html }} }}\n"
    assert variants_of({"vip.html": "<p>vip</p>", "vip.de.html": "<p>vip de</p>"}, given) == [
        ContentVariant(rule="vip", email=EmailContent(subject="VIP", html="<p>vip</p>")),
        ContentVariant(rule="vip", locale="de", email=EmailContent(subject="", html="<p>vip de</p>")),
    ]


@pytest.mark.parametrize("name", ["order.old.html", "order.en.html", "order.v2.html", "order.de.txt", "order-de.html"])
def test_other_files_are_no_languages(name: str) -> None:
    assert variants_of({name: "no"}) == []


@pytest.mark.parametrize(
    ("name", "better"), [("order.de_AT.html", "order.de-AT.html"), ("order.DE.html", "order.de.html")]
)
def test_a_misspelt_locale_is_told_instead_of_being_left_out(name: str, better: str) -> None:
    write(FILES | {name: "x"})
    with pytest.raises(CommandFailed) as refused:
        read_files([Path("campaigns")])
    (problem,) = refused.value.problems
    assert problem.where == "campaigns/order.yaml:6: actions[0].email.html_file"
    assert better in problem.remedy


def test_a_finding_in_such_a_file_is_told_by_its_line() -> None:
    write(FILES | {"order.de.html": "<p>\n{{ x</p>"})
    (resource,) = read_files([Path("campaigns")]).resources
    location = resource.locations.find("actions[0].variants[0].email.html")
    assert str(location.of_text(2)) == "campaigns/order.de.html:2"


def test_names_with_signs_of_patterns_are_names() -> None:
    given = CAMPAIGN.replace("order.html", "'order[1].html'")
    assert variants_of({"order[1].html": "<p>en</p>", "order1.de.html": "no"}, given) == []


def test_a_variant_of_the_campaigns_file_leaves_its_subject_to_the_default_content() -> None:
    text = f"""\
{CAMPAIGN}    rules:
      - {{ id: gold, condition: "true" }}
    variants:
      - {{ rule: gold, email: {{ text: Thank you very much. }} }}
"""
    gold = ContentVariant(rule="gold", email=EmailContent(subject="", text="Thank you very much."))
    assert variants_of({}, text) == [gold]
