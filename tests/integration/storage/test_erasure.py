"""After an erasure no byte of the person is left in the database's files, nor in a dump."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from clarion_server.adapters.storage.postgresql import open_postgresql_store
from clarion_server.adapters.storage.schema import metadata
from clarion_server.adapters.storage.sqlite import open_sqlite_store
from clarion_server.adapters.storage.store import SqlStore
from clarion_server.application.consent.consents import Person, SetConsents
from clarion_server.application.erasure.beginning import EraseProfile
from clarion_server.application.maintenance.housekeeping import Housekeeper
from clarion_server.application.maintenance.retention import Retention
from clarion_server.application.ports.channels import Outbound, PermanentFailure
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.profiles.profile_import import ImportedProfile, ImportProfiles
from clarion_server.application.profiles.profile_merge import MergeProfiles, ProfileMerger
from clarion_server.application.profiles.profiles import CreateProfile, ProfileFields, UpdateProfile
from clarion_server.application.suppressions.entries import CreateSuppression, ManageSuppressions
from clarion_server.bootstrap.people import choice_recorder
from clarion_server.domain.access.access import Caller, Scope, Visibility
from clarion_server.domain.audiences.audience import Audience, AudienceMember
from clarion_server.domain.audiences.audience_run import AudienceRun
from clarion_server.domain.campaigns.campaign_definition import Action, ActionMode
from clarion_server.domain.consent.consent import ConsentChoice, ConsentScope
from clarion_server.domain.consent.consent_change import ConsentChange, ConsentSource, Evidence
from clarion_server.domain.content.email import EmailContent
from clarion_server.domain.events.event import EventType
from clarion_server.domain.instant import DAY
from clarion_server.domain.messages.attempt import Failure, FailureReason
from clarion_server.domain.messages.message import MessageState
from clarion_server.domain.people.identity import NO_NAMESPACES, Identity
from clarion_server.domain.people.import_place import ImportPlace
from clarion_server.domain.people.import_result import ImportOutcome
from clarion_server.domain.people.key_renewal import KeyTable, Renewal
from sqlalchemy import select

from tests.contract.store import samples
from tests.fakes import End, Provider
from tests.identities import HASHER, IDENTITIES
from tests.postgresql import made_database, pg_dump
from tests.unit.application.consenting import Consents
from tests.unit.application.running import Process, events, messages, recipient, until
from tests.unit.application.working import as_world, at_work
from tests.unit.application.world import CountingIds, World

ADMIN = Caller("apiKeys/admin", Visibility("default"), frozenset({Scope.ADMIN}))
HEXADECIMAL = re.compile(rb"x((?:[0-9a-f]{2})+)")
#: Each occurs in no other data and in no text of ours: parts of names, addresses, and a number.
TRACES = ("zaphod", "beeblebrox", "heartofgold", "4479117654", "betelgeuse")
NAME = "Zaphod Beeblebrox"
ADDRESS, OTHER = "Zaphod@heartofgold.example", "z.beeblebrox@example.com"
IDENTITY, PHONE = f"email:{ADDRESS}", "phone:+44 7911 765432"


#: Holds the tables that hold nothing about people whom others write to, beside ids.
NOBODYS = {
    # What authors made up; so with test cases.
    "accepted_renderings",
    "access_labels",
    "allow_lists",
    "api_keys",
    "approval_policies",
    "approval_steps",
    "attachment_blobs",
    "attachment_references",
    "attachment_rows",
    "attachments",
    "audience_lists",
    "audience_runs",
    "audiences",
    "built_sources",
    "campaign_attachments",
    "campaign_fragments",
    "campaign_tags",
    "campaign_version_actions",
    "campaign_version_audiences",
    "campaign_version_sources",
    "campaign_versions",
    "campaigns",
    "cap_entries",
    "channel_configurations",
    "consent_settings",
    "counters",
    "erasure_keys",
    "erasures",
    "fragment_references",
    "fragment_versions",
    "fragments",
    "identity_namespaces",
    "import_results",
    "imports",
    "labelled_subjects",
    "latencies",
    "link_keys",
    "normalisers",
    "turn_schedules",
    "processes",
    "profile_aliases",
    "purges",
    "run_addresses",
    "sending_policies",
    "test_cases",
    "topics",
}


@dataclass(frozen=True)
class Searched:
    store: SqlStore
    content: Callable[[], bytes]
    """Returns every byte that somebody who takes the database away has."""


@pytest.fixture(params=["sqlite", "postgresql"])
def searched(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Searched]:
    if request.param == "sqlite":
        path = tmp_path / "clarion.db"
        with closing(open_sqlite_store(path)) as store:
            yield Searched(store, lambda: b"".join(each.read_bytes() for each in sorted(tmp_path.iterdir())))
    else:
        url = made_database("clarion_erasure")
        with closing(open_postgresql_store(url)) as store:
            yield Searched(store, lambda: dump(url))


def dump(url: str) -> bytes:
    """Returns what `pg_dump` writes, and behind it what its hexadecimal digits stand for."""
    written = pg_dump(url)
    return written + b"".join(bytes.fromhex(each.decode()) for each in HEXADECIMAL.findall(written))


def traces(content: bytes) -> list[str]:
    """Returns the traces of the person in there, however their letters are written."""
    folded = content.lower()
    return [trace for trace in TRACES if trace.encode() in folded or trace.encode("utf-16-le") in folded]


def refusing(message: Outbound) -> End:
    """Refuses as a server does that quotes whom it refuses."""
    name = "Nobody" if message.address == "arthur@example.com" else NAME
    words = f"5.1.1 <{message.address}>: {name} lives here no more"
    return PermanentFailure(Failure(FailureReason.RECIPIENT_REJECTED, "550 5.1.1", words))


async def live(world: World) -> None:
    greeting = EmailContent("Hello {{ profile.name | default('you') }}", text="{{ context.order.id }}")
    actions = (Action("first", "orders", greeting), Action("second", "orders", greeting))
    await world.live(actions=actions, action_mode=ActionMode.FIRST_DELIVERABLE)


async def fill(world: World, process: Process) -> str:
    """Stores a person everywhere where a person may be, beside somebody else. Returns the id of the profile."""
    await trigger(process, IDENTITY.upper().replace("EMAIL:", "email:"), request_id=f"welcome-{ADDRESS}")
    fields = ProfileFields((IDENTITY, PHONE, f"email:old.{ADDRESS}"), {"name": NAME, "email": OTHER}, "", "")
    jane = await world.profiles.create(CreateProfile(fields), ADMIN)
    twin = await world.profiles.create(
        CreateProfile(ProfileFields((f"crm:{NAME}",), {"planet": "betelgeuse"}, "", "")), ADMIN
    )
    without = UpdateProfile(jane.id, ProfileFields((IDENTITY, PHONE), {}, "", ""), frozenset({"identities"}))
    await world.profiles.update(without, ADMIN)
    merged = await ProfileMerger(world.transactions, world.clock).merge(MergeProfiles(jane.id, twin.id), ADMIN)
    evidence = Evidence(text=f"{NAME} agrees", ip_address="192.0.2.1")
    change = ConsentChange(ConsentScope(), ConsentChoice.DENIED, 0, ConsentSource.FORM, evidence)
    await Consents(world).set(SetConsents(Person(profile_id=merged.id), (change,)), ADMIN)
    suppressions = ManageSuppressions(world.transactions, world.clock, CountingIds(), HASHER)
    await suppressions.create(CreateSuppression(OTHER, "address"), ADMIN)
    await world.transactions.write(add_to_audience)
    await world.transactions.write(stop_renewal_at_person)
    await import_rows(world)
    for number in range(30):
        await trigger(process, IDENTITY, labels={"customer": NAME}, address=f"{number}.{ADDRESS}", number=number)
        await trigger(process, f"email:old.{ADDRESS}", number=number)
        await trigger(process, "email:arthur@example.com", number=number)
    await trigger(process, IDENTITY, address=ADDRESS, send_time=world.clock.now() + DAY)
    return merged.id


async def trigger(process: Process, identity: str, number: int = 0, address: str = "", **fields: Any) -> None:
    context = {"order": {"id": f"{number}-{NAME}" if "arthur" not in identity else f"{number}"}}
    labels = fields.pop("labels", {})
    to = recipient(identity, context=context, address=address, labels=labels, profile={"note": "x" * number * 100})
    await process.trigger(to, **fields)


async def import_rows(world: World) -> None:
    """Imports the person with a row that is rejected, whose answers the service keeps for a while."""
    ids = CountingIds()
    imports = ImportProfiles(world.transactions, IDENTITIES, choice_recorder(world.clock, ids), world.clock, ids)
    rows = [
        ImportedProfile(ProfileFields(identities, {"planet": "betelgeuse"}, "", ""))
        for identities in ((IDENTITY,), (IDENTITY, f"phone:{NAME}", "email:zaphod"))
    ]
    found = await imports.import_rows(rows, ADMIN, ImportPlace("default", "profiles", "june", 0))
    assert [result.outcome for result in found] == [ImportOutcome.UNCHANGED, ImportOutcome.REJECTED]


def add_to_audience(unit: UnitOfWork) -> None:
    now = samples.NOW
    audience = unit.audiences.add(
        Audience(sandbox="default", id="guests", display_name="Guests", create_time=now, update_time=now)
    )
    assert audience.listed is not None
    listed = [
        identity
        for each in (IDENTITY, PHONE)
        if isinstance(identity := IDENTITIES.read(each, "", NO_NAMESPACES), Identity)
    ]
    unit.audiences.add_members(audience.listed, listed, now)
    run = unit.audience_runs.add(AudienceRun(samples.new_id(), "default", 1, "guests", 100, now, b"{}"))
    unit.audience_runs.add_members(run, 0, [AudienceMember(None, identity) for identity in listed])


def stop_renewal_at_person(unit: UnitOfWork) -> None:
    identity = IDENTITIES.read(IDENTITY, "", NO_NAMESPACES)
    assert isinstance(identity, Identity)
    unit.key_renewal.save(Renewal({"EMAIL": "2"}, KeyTable.IDENTITIES, ("default", *identity.key)))


async def erase(world: World, process: Process, profile_id: str) -> None:
    await world.erasures.erase(EraseProfile(profile_id), ADMIN)
    await process.heartbeat.beat()
    housekeeper = Housekeeper(process.transactions, world.clock, process.lease.process_id, Retention(), world.sweeper)
    # Readers of old pages may keep the log from being emptied for a moment.
    while not any(event.type is EventType.PROFILE_ERASED for event in events(world)):
        await housekeeper.run_once()


async def test_no_byte_of_the_person_is_left(searched: Searched) -> None:
    with as_world(searched.store) as world:
        await live(world)
        async with at_work(Process(world, provider=Provider(refusing))) as process:
            profile_id = await fill(world, process)
            await until(lambda: process.is_idle)
            assert traces(searched.content()) == list(TRACES)
            await erase(world, process, profile_id)
            assert traces(searched.content()) == []
            kept = [message.identity for message in messages(world).values()]
            assert kept.count("email:arthur@example.com") == 60
            assert len(messages(world, MessageState.CANCELLED)) == 1
    assert traces(searched.content()) == []


async def test_every_table_holds_the_person_before_or_is_known_to_hold_nobody(searched: Searched) -> None:
    """A new table makes this fail: fill it above, or name it below if it holds nothing about people."""
    with as_world(searched.store) as world:
        await live(world)
        async with at_work(Process(world, provider=Provider(refusing))) as process:
            await fill(world, process)
            await until(lambda: process.is_idle)
    with searched.store.snapshot() as unit:
        connection = unit.messages._connection
        content = {table.name: str(connection.execute(select(table)).all()) for table in metadata.sorted_tables}
    assert {name for name, rows in content.items() if not traces(rows.encode())} == NOBODYS
