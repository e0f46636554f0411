"""`clarion proof`, against the real service."""

from __future__ import annotations

from clarion_server.transport.cli.exits import Exit

from tests.e2e.cli.conftest import CommandLine


async def test_a_proof_tells_what_became_of_each_address(shop: CommandLine) -> None:
    await shop("suppressions", "add", "joe@example.com")
    sent = await shop("proof", "order-confirmed", "sent@clarion.test", "--context", '{"order": "4711"}')
    assert (sent.status, sent.out) == (Exit.OK, "sent@clarion.test: SENT\n")
    mixed = await shop(
        "proof", "order-confirmed", "joe@example.com", "bounce@clarion.test", "--context", '{"order": "4711"}'
    )
    assert mixed.status == Exit.BAD_NEWS
    assert "joe@example.com: EXCLUDED SUPPRESSED (suppressions/" in mixed.out
    assert "bounce@clarion.test: FAILED RECIPIENT_REJECTED" in mixed.out
