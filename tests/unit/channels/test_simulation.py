from __future__ import annotations

from pathlib import Path

import pytest
from clarion_server.adapters.channels.email.simulated import FAILURES, RECEIPT
from clarion_server.adapters.channels.simulation import SimulatingChannel
from clarion_server.application.ports.channels import (
    Following,
    HandOffFailed,
    HandOffInDoubt,
    Outbound,
    PermanentFailure,
    Receipt,
    TransientFailure,
    VerificationStep,
    nothing_follows,
)
from clarion_server.domain.addresses.magic import MAGIC_DOMAIN, SimulatedOutcome, simulated_outcome
from clarion_server.domain.messages.attempt import FailureReason

from tests.outbound import an_email

REASON = FailureReason


class Untouched:
    """Is a channel that counts what gets through to it."""

    def __init__(self) -> None:
        self.addresses: list[str] = []
        self.begun: list[Outbound] = []
        self.announced_size: int | None = 4711
        self.server_certificate_end: int | None = 4712

    async def send(self, message: Outbound, following: Following = nothing_follows, /) -> Receipt:
        self.addresses.append(message.address)
        upcoming = following()
        self.begun += [] if upcoming is None else [upcoming]
        return Receipt("for real")

    def drop(self, message_id: str, /) -> None:
        self.begun = [message for message in self.begun if message.message_id != message_id]

    async def verify(self) -> list[VerificationStep]:
        return []

    async def close(self) -> None:
        pass


def simulating(behind: Untouched) -> SimulatingChannel:
    """Returns the channel with the outcomes of e-mails."""
    return SimulatingChannel(behind, FAILURES, RECEIPT)


@pytest.mark.parametrize(
    ("address", "outcome"),
    [
        ("sent@clarion.test", SimulatedOutcome.SENT),
        ("bounce@clarion.test", SimulatedOutcome.BOUNCE),
        ("bounce+42@clarion.test", SimulatedOutcome.BOUNCE),
        ("Bounce+A+B@CLARION.TEST", SimulatedOutcome.BOUNCE),
        ("in-doubt@clarion.test", SimulatedOutcome.IN_DOUBT),
        ("suppressed@clarion.test", SimulatedOutcome.SUPPRESSED),
        ("anybody.else@clarion.test", SimulatedOutcome.SENT),
        ("bounce@example.com", None),
        ("bounce@sub.clarion.test", None),
        ("bounce@clarion.test.example.com", None),
        ('"bounce@clarion.test"@example.com', None),
        ("clarion.test", None),
    ],
)
def test_an_address_names_an_outcome_at_the_magic_domain_alone(address: str, outcome: SimulatedOutcome | None) -> None:
    assert simulated_outcome(address) is outcome


@pytest.mark.parametrize(
    ("name", "kind", "reason", "code"),
    [
        ("bounce", PermanentFailure, REASON.RECIPIENT_REJECTED, "550 5.1.1"),
        ("full", PermanentFailure, REASON.MAILBOX_FULL, "552 5.2.2"),
        ("spam", PermanentFailure, REASON.CONTENT_REJECTED, "554 5.7.1"),
        ("defer", TransientFailure, REASON.THROTTLED, "451 4.3.2"),
        ("greylist", TransientFailure, REASON.THROTTLED, "451 4.7.1"),
        ("timeout", TransientFailure, REASON.TIMED_OUT, ""),
        ("in-doubt", HandOffInDoubt, REASON.HAND_OFF_UNKNOWN, ""),
    ],
)
async def test_a_magic_recipient_fails_as_its_name_says(
    name: str, kind: type[HandOffFailed], reason: FailureReason, code: str
) -> None:
    behind = Untouched()
    with pytest.raises(HandOffFailed) as caught:
        await simulating(behind).send(an_email(f"{name}+tag@clarion.test"))
    assert (type(caught.value), caught.value.failure.reason, caught.value.failure.code) == (kind, reason, code)
    assert behind.addresses == []


@pytest.mark.parametrize("name", ["sent", "whoever"])
async def test_a_magic_recipient_without_a_fault_is_sent_without_any_provider(name: str) -> None:
    behind = Untouched()
    receipt = await simulating(behind).send(an_email(f"{name}@clarion.test"))
    assert receipt.provider_reply.startswith("250")
    assert behind.addresses == []


async def test_a_greylisted_recipient_takes_the_second_attempt_and_a_deferred_one_none() -> None:
    channel = simulating(Untouched())
    await channel.send(an_email("greylist@clarion.test", attempt=2))
    with pytest.raises(TransientFailure):
        await channel.send(an_email("defer@clarion.test", attempt=2))


async def test_everybody_else_gets_the_real_thing() -> None:
    behind = Untouched()
    assert await simulating(behind).send(an_email("jane@example.com")) == Receipt("for real")
    assert behind.addresses == ["jane@example.com"]


@pytest.mark.parametrize(("address", "begins"), [("joe@example.com", True), ("bounce@clarion.test", False)])
async def test_a_magic_recipient_is_never_begun_behind_a_real_one(address: str, begins: bool) -> None:
    behind, following = Untouched(), an_email(address)
    await simulating(behind).send(an_email("jane@example.com"), lambda: following)
    assert behind.begun == ([following] if begins else [])


async def test_what_has_begun_is_dropped_by_the_channel_behind() -> None:
    behind, following = Untouched(), an_email("joe@example.com")
    channel = simulating(behind)
    await channel.send(an_email("jane@example.com"), lambda: following)
    channel.drop(following.message_id)
    assert behind.begun == []


def test_the_page_for_users_lists_every_outcome() -> None:
    page = Path(__file__).parents[3] / "docs" / "testing-your-integration.md"
    listed = page.read_text(encoding="utf-8")
    assert [each for each in SimulatedOutcome if f"| `{each}@{MAGIC_DOMAIN}` |" not in listed] == []
