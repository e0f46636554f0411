"""The files that the pages of the documentation show can be read as they stand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from clarion_server.transport.cli.failures import CommandFailed
from clarion_server.transport.cli.files.resources import read_files

ROOT = Path(__file__).resolve().parents[3]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
#: Begins a whole document.
DOCUMENT = re.compile(r"^(campaign|channel|topic|policy|approval_policy|audience|fragment|tests):", re.MULTILINE)
#: Begins a part of a campaign.
PART = re.compile(r"^(actions|locale_fallbacks|translations|context_schema):", re.MULTILINE)
CAMPAIGN = "campaign: sample\ndisplay_name: Sample\ncategory: TRANSACTIONAL\n"


def samples() -> list[tuple[str, str]]:
    """Returns each sample that is a document, or a part of a campaign, with its page, unless it leaves content out."""
    found = [
        (page.name, sample)
        for page in PAGES
        for sample in re.findall(r"^```yaml\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
        if ": …" not in sample
    ]
    documents = [each for each in found if DOCUMENT.search(each[1])]
    parts = [(page, CAMPAIGN + sample) for page, sample in found if PART.search(sample) and not DOCUMENT.search(sample)]
    return documents + parts


def test_the_samples_of_pages_are_files_that_can_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pages = set()
    for number, (page, sample) in enumerate(samples()):
        folder = tmp_path / str(number)
        for name in re.findall(r"[\w./-]+\.(?:html|json|pdf|png)\b", sample):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text("{}", encoding="utf-8")
        for name in re.findall(r"\$\{(\w+)\}", sample):
            monkeypatch.setenv(name, "1")
        folder.mkdir(exist_ok=True)
        (folder / "sample.yaml").write_text(sample, encoding="utf-8")
        try:
            files = read_files([folder])
        except CommandFailed as failure:
            raise AssertionError(f"{page}: {failure.problems}\n{sample}") from failure
        assert files.resources or files.suites
        pages.add(page)
    assert {"targeting.md", "languages.md", "approvals.md", "testing-campaigns.md"} <= pages
    assert {"people.md", "sending-policies.md", "audiences.md"} <= pages
