"""The image of the service has all that the service can use, and is built from all that the package consists of."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_every_extra_is_installed() -> None:
    installed = set(re.findall(r"-r requirements/(\w+)\.txt", DOCKERFILE))
    assert installed == set(PROJECT["project"]["optional-dependencies"])


def test_what_the_package_is_built_from_is_sent_to_the_builder() -> None:
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line[:1] == "!"}
    project, wheel = PROJECT["project"], PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = {"pyproject.toml", project["readme"], *project["license-files"], *wheel["packages"]}
    assert {each for each in needed if not {each, *map(str, Path(each).parents)} & sent} == set()
    assert all((ROOT / each).exists() for each in sent)
