"""The pages lead where they say, and name files that exist."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import subprocess
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from clarion_server.adapters.channels.webhook.signature import signed_headers
from clarion_server.config import Settings

ROOT = Path(__file__).parents[2]
SERVER = ROOT / "server" / "clarion_server"
PAGES = [
    Path(name)
    for name in subprocess.run(
        ["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
]
#: Says where the names of files in the pages begin.
FOLDERS = (ROOT, SERVER, SERVER / "application")
FILE = re.compile(
    r"`(?!application/(?:json|x-ndjson)`)"
    r"((?:adapters|application|bench|bootstrap|clients|deploy|docs|domain|examples|protos|sending|server|tests|tools"
    r"|transport)/[\w./-]+)`"
)
SECRET = f"whsec_{base64.b64encode(bytes(32)).decode()}"


def prose(page: Path) -> str:
    """Returns the page without its samples."""
    return re.sub(r"```.*?```", "", (ROOT / page).read_text(encoding="utf-8"), flags=re.DOTALL)


def anchors(page: Path) -> set[str]:
    """Returns the anchors of the page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_link_within_the_repository_leads_somewhere(page: Path) -> None:
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        path, _, anchor = link.partition("#")
        target = (ROOT / page).parent / path if path else ROOT / page
        is_broken = not target.exists() or (anchor and anchor not in anchors(target))
        if is_broken and not link.startswith("http"):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    named = FILE.findall(prose(page))
    assert [name for name in named if not any((folder / name).exists() for folder in FOLDERS)] == []


def test_decisions_are_numbered_and_have_one_layout() -> None:
    pages = sorted((ROOT / "docs" / "decisions").iterdir())
    assert [int(page.name[:4]) for page in pages] == list(range(1, len(pages) + 1))
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert text.startswith(f"# {int(page.name[:4])}. "), page.name
        headings = [heading.partition(" ")[0] for heading in re.findall(r"^## (.*)$", text, re.MULTILINE)]
        assert list(dict.fromkeys(headings)) == ["Context", "Options", "Decision", "Consequences"], page.name


def test_every_setting_stands_in_the_page_for_operators() -> None:
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    written = set(re.findall(r"`CLARION_(\w+)`", page)) | {f"RETAIN{end}" for end in re.findall(r"`…(_\w+)`", page)}
    assert {name.upper() for name in Settings.model_fields} - written == set()


def test_the_defaults_that_operators_read_are_those_of_the_settings() -> None:
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    table = page.partition("\n| setting | default |")[2].partition("\n\n")[0]
    told: dict[str, str] = {}
    for row in table.splitlines()[2:]:
        _, names, defaults, *_ = row.split("|")
        settings = [f"RETAIN{end}" if end else name for name, end in re.findall(r"`(?:CLARION_(\w+)|…(_\w+))`", names)]
        told |= zip(settings, re.findall(r"`(.*?)`", defaults) or [""] * len(settings), strict=True)

    defaults_of_settings = {name.upper(): field.default for name, field in Settings.model_fields.items()}
    assert told == {
        name: "" if default is None else str(default).lower().removesuffix(".0")
        for name, default in defaults_of_settings.items()
    }


def test_every_variable_that_a_page_names_is_read_somewhere() -> None:
    read = {f"CLARION_{name.upper()}" for name in Settings.model_fields}
    # The clients and the command line read these. The last one is a misspelt setting.
    read |= {"CLARION_TARGET", "CLARION_API_KEY", "CLARION_CA_CERTIFICATES", "CLARION_RETAIN_EVENTS_DAYS"}
    for page in PAGES:
        named = set(re.findall(r"\bCLARION_\w+", (ROOT / page).read_text(encoding="utf-8")))
        assert named - read == set(), page


def test_every_reason_and_every_value_that_a_page_names_exists() -> None:
    sources = [*(ROOT / "protos" / "clarion").rglob("*.proto"), *SERVER.rglob("*.py")]
    words = {word for each in sources for word in re.findall(r"[A-Z][A-Z0-9_]+", each.read_text(encoding="utf-8"))}
    # The values of an enum begin with its name in the contract, and without it on the pages.
    words |= {word[place + 1 :] for word in words for place, letter in enumerate(word) if letter == "_"}
    words |= {"NO_COLOR"}
    for page in PAGES:
        if page.parts[0] == "docs" and "decisions" not in page.parts:
            named = {each for each in re.findall(r"`([A-Z0-9]+_[A-Z0-9_]+)`", prose(page)) if "CLARION_" not in each}
            assert named - words == set(), page


def test_every_time_of_keeping_stands_in_the_section_about_retention() -> None:
    section = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8").partition("\n## Retention\n")[2]
    rows = set(re.findall(r"^\| `CLARION_(RETAIN_\w+)`", section, re.MULTILINE))
    assert rows == {name.upper() for name in Settings.model_fields if name.startswith("retain_")}


@pytest.mark.parametrize("package", ["application", "domain"])
def test_the_page_about_the_architecture_has_the_packages_in_the_order_that_is_checked(package: str) -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    (layers,) = (each["layers"] for each in contracts if each.get("containers") == [f"clarion_server.{package}"])
    checked = [layer.split(" | ") for layer in layers]
    if package == "domain":
        # The page does not name the files that lie beside its packages.
        folder = ROOT / "server" / "clarion_server" / package
        checked = [named for layer in checked if (named := [each for each in layer if (folder / each).is_dir()])]

    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = page.partition(f"\nWithin `{package}`")[2].partition("\n\n")[2].partition("\n\n")[0]
    cells = [line.split("|")[1] for line in table.splitlines()[2:]]

    assert [sorted(re.findall("`([a-z_]+)`", cell)) for cell in cells] == [sorted(layer) for layer in checked]


def test_every_word_stands_once_in_the_glossary() -> None:
    page = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    cells = re.findall(r"^\| ([A-Z][^|]*?) \|", page, re.MULTILINE)
    words = [word.lower() for cell in cells for word in cell.split(", ")]
    assert [word for word in words if words.count(word) > 1] == []


def test_every_reason_stands_once_in_its_table() -> None:
    page = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    for section in page.split("\n| --- |"):
        reasons = re.findall(r"^\| `([A-Z_]+)`", section, re.MULTILINE)
        assert [reason for reason in reasons if reasons.count(reason) > 1] == []


def test_the_code_for_receivers_of_webhooks_accepts_genuine_requests_alone() -> None:
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "webhooks.md").read_text(), re.DOTALL)
    names: dict[str, Any] = {"base64": base64, "hashlib": hashlib, "hmac": hmac, "Mapping": Mapping}
    exec(code, names)
    headers = signed_headers(SECRET, "messages/1", 1_000, b"{}")
    genuine = [
        names["is_genuine"](SECRET, headers, body, now)
        for body, now in ((b"{}", 1_300), (b"[]", 1_000), (b"{}", 1_301))
    ]
    assert genuine == [True, False, False]
