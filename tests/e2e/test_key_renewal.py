"""After an upgrade that reads phone numbers otherwise, people are found again, while the service runs."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from clarion_client import Client, NotFoundError, Profile

from tests.e2e.cli.conftest import CommandLine
from tests.process import ServiceProcess

OLD, NEW = "+5215562000000", "+525562000000"


def rewrite(folder: Path, *statements: str) -> None:
    with closing(sqlite3.connect(folder / "clarion.db")) as database, database:
        for statement in statements:
            database.execute(statement)


async def test_whoever_was_stored_by_an_earlier_version_is_found_after_the_renewal(tmp_path: Path) -> None:
    async with ServiceProcess(tmp_path) as service:
        with Client(service.target, api_key=service.admin_key) as client:
            jane = client.profiles.create(Profile(identities=(f"phone:{OLD}",)))
        await service.kill()
        # As a version has stored it that kept the 1 of old Mexican numbers.
        rewrite(
            tmp_path,
            f"UPDATE profile_identities SET normal_value = '{OLD}', value = NULL",
            "UPDATE normalisers SET version = '1, phonenumberslite 8.0.0' WHERE name = 'PHONE'",
        )
        await service.start()
        assert "identity_keys_outdated" in service.log.read_text()
        clarion = CommandLine(tmp_path, {"CLARION_STORE": f"sqlite:///{tmp_path}/clarion.db"})
        with Client(service.target, api_key=service.admin_key) as client:
            with pytest.raises(NotFoundError):
                client.profiles.lookup(f"phone:{NEW}")
            done = await clarion.process("renew-keys")
            assert (done.status, done.out) == (0, "")
            assert "1 changed" in done.err
            assert client.profiles.lookup(f"phone:{NEW}").name == jane.name
        again = await clarion.process("renew-keys")
        assert (again.status, "Nothing is to be done" in again.err) == (0, True)
        log = len(service.log.read_text())
        await service.kill()
        await service.start()
        assert "identity_keys_outdated" not in service.log.read_text()[log:]


async def test_collisions_are_printed_and_fail_the_command(tmp_path: Path) -> None:
    async with ServiceProcess(tmp_path) as service:
        with Client(service.target, api_key=service.admin_key) as client:
            jane = client.profiles.create(Profile(identities=("phone:+447911123456",)))
            joe = client.profiles.create(Profile(identities=(f"phone:{NEW}",)))
            rewrite(
                tmp_path,
                f"UPDATE profile_identities SET normal_value = '{OLD}' WHERE normal_value = '+447911123456'",
                "UPDATE normalisers SET version = 'earlier' WHERE name = 'PHONE'",
            )
            clarion = CommandLine(tmp_path, {"CLARION_STORE": f"sqlite:///{tmp_path}/clarion.db"})
            found = await clarion.process("renew-keys", "--json")
            assert found.status == 1
            (collision,) = found.lines
            assert (collision["kind"], collision["identity"]) == ("COLLISION", f"phone:{OLD}")
            assert (collision["profile"], collision["owner"]) == (jane.name, joe.name)
            assert (await clarion.process("renew-keys")).status == 1
            client.profiles.merge(joe.name, jane.name)
            assert (await clarion.process("renew-keys")).status == 0
            assert client.profiles.lookup(f"phone:{NEW}").identities == (f"phone:{NEW}",)


async def test_a_store_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    clarion = CommandLine(tmp_path, {"CLARION_STORE": f"sqlite:///{tmp_path}/other.db"})
    refused = await clarion.process("renew-keys", "--json")
    assert refused.status == 2
    assert "There is no store" in refused.error["message"]
    assert not (tmp_path / "other.db").exists()
