"""How many proofs a key may send."""

from __future__ import annotations

import pytest
from clarion_server.adapters.channels.email.parts import encode_part
from clarion_server.application.campaigns.preview import PreviewCampaign
from clarion_server.application.campaigns.proofs import ProofSender, SendProof
from clarion_server.application.sending.files import MessageFiles
from clarion_server.domain.campaigns.proof import MAX_PER_HOUR
from clarion_server.domain.errors import TooManyProofs
from clarion_server.domain.instant import HOUR, MINUTE

from tests.fakes import ScriptedChannel
from tests.identities import EXCLUSIONS
from tests.unit.application.world import AUTHOR, CountingIds, World

CONTEXT = {"order": {"id": "A1"}}


@pytest.fixture
async def proofs(world: World) -> ProofSender:
    await world.channel()
    await world.draft()
    return ProofSender(
        world.transactions,
        world.previewing,
        EXCLUSIONS,
        MessageFiles(world.transactions, encode_part),
        lambda _: ScriptedChannel(),
        world.clock,
        CountingIds(),
    )


async def send(proofs: ProofSender, count: int) -> None:
    for first in range(0, count, 10):
        addresses = [f"r{number}@example.com" for number in range(first, min(first + 10, count))]
        await proofs.send(SendProof(PreviewCampaign("order-confirmed", 0, CONTEXT), addresses), AUTHOR)


async def test_each_proof_counts_for_an_hour(world: World, proofs: ProofSender) -> None:
    await send(proofs, MAX_PER_HOUR - 1)
    world.clock.advance(MINUTE)
    await send(proofs, 1)
    world.clock.advance(HOUR - MINUTE - 1)
    with pytest.raises(TooManyProofs):
        await send(proofs, 1)
    world.clock.advance(1)
    await send(proofs, MAX_PER_HOUR - 1)
    with pytest.raises(TooManyProofs):
        await send(proofs, 1)
