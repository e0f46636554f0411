"""Tests the package as callers install it: the wheel with its own dependencies, and nothing that the service needs."""

from __future__ import annotations

import importlib.metadata
import sys
import venv
import zipfile
from collections.abc import Iterator
from email.parser import HeaderParser
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.campaigns import CONTEXT, campaign, channel
from tests.commands import finish, run
from tests.service import Sandbox

ROOT = Path(__file__).resolve().parents[2]

PROGRAM = f"""
import sys
from clarion_client import Client

with Client.from_environment() as client:
    accepted = client.trigger("orders", to="sent@clarion.test", context={CONTEXT!r})
    print(accepted.recipients[0].messages[0].message)
assert "clarion_server" not in sys.modules
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(ROOT, sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder))
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns the interpreter of a fresh virtual environment with the wheel and what it requires, taken from here."""
    environment = tmp_path_factory.mktemp("environment")
    venv.create(environment, symlinks=True)
    interpreter = environment / "bin" / "python"
    run(
        ROOT,
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(interpreter),
        "install",
        "--no-deps",
        "--no-index",
        # The tests load little of it.
        "--no-compile",
        str(wheel),
    )
    (packages,) = environment.glob("lib/python*/site-packages")
    for distribution in closure(requirements(wheel)):
        link(distribution, packages)
    return interpreter


def requirements(wheel: Path) -> list[Requirement]:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (each for each in archive.namelist() if each.endswith(".dist-info/METADATA"))
        metadata = HeaderParser().parsestr(archive.read(name).decode())
    return [Requirement(text) for text in metadata.get_all("Requires-Dist", [])]


def closure(required: list[Requirement]) -> Iterator[importlib.metadata.Distribution]:
    """Returns what the requirements take, without any extra."""
    seen, pending = set[str](), list(required)
    while pending:
        requirement = pending.pop()
        wanted = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if wanted and requirement.name not in seen:
            seen.add(requirement.name)
            distribution = importlib.metadata.distribution(requirement.name)
            yield distribution
            pending += map(Requirement, distribution.requires or ())


def link(distribution: importlib.metadata.Distribution, packages: Path) -> None:
    for file in distribution.files or ():
        if ".." not in file.parts:
            place = packages / file
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(str(distribution.locate_file(file)))


def test_it_triggers_with_nothing_but_its_own_dependencies(python: Path, sandbox: Sandbox) -> None:
    with sandbox.client() as client:
        client.channels.create(channel("orders", port=1))
        client.campaigns.create(campaign("orders", "orders"))
        client.campaigns.activate("orders")
        message = run(ROOT, str(python), "-I", "-c", PROGRAM, **sandbox.environment).strip()
        assert client.messages.get(message).identity == "email:sent@clarion.test"


def test_it_brings_nothing_that_the_service_needs(wheel: Path, python: Path) -> None:
    extras = [each for each in requirements(wheel) if each.marker and not each.marker.evaluate({"extra": ""})]
    names = {"sqlalchemy", "starlette", "jinja2", "cyclopts"}
    assert names <= {each.name for each in extras}
    found = run(
        ROOT,
        str(python),
        "-I",
        "-c",
        f"from importlib.util import find_spec; print([each for each in {sorted(names)} if find_spec(each)])",
    )
    assert found.strip() == "[]"


def test_the_command_says_what_it_lacks(python: Path) -> None:
    printed = finish(ROOT, str(python), "-I", "-m", "clarion_server", "serve")
    said = "The command 'clarion' takes the extra 'server': pip install 'clarion[server]'.\n"
    assert (printed.returncode, printed.stdout) == (2, said)
