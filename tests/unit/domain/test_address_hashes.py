"""Addresses of erased people are recognised by keyed hashes."""

from __future__ import annotations

from dataclasses import replace

from clarion_server.domain.addresses.address_hash import AddressHasher
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.suppressions.suppression import (
    Suppression,
    SuppressionIndex,
    SuppressionReason,
    SuppressionScope,
)

OLD, NEW = bytes(64), bytes(range(64))
HASHER = AddressHasher({2: NEW, 1: OLD})
JANE = "Jane@bücher.example"


def erased(target: str) -> Suppression:
    reason, scope = SuppressionReason.ERASED, SuppressionScope.MARKETING
    return Suppression("1", "default", Channel.EMAIL, target, reason, scope, 0, "apiKeys/1")


def test_one_mailbox_has_one_hash_however_it_is_written() -> None:
    assert HASHER.targets("default", JANE) == HASHER.targets("default", "jane@xn--bcher-kva.example.")


def test_a_hash_names_its_key_and_has_16_bytes() -> None:
    newest, older = HASHER.targets("default", JANE)
    assert (newest[:3], older[:3]) == ("#2:", "#1:")
    assert {len(newest), len(older)} == {3 + 2 * 16}


def test_other_sandboxes_addresses_and_keys_have_other_hashes() -> None:
    hashes = [
        *HASHER.targets("default", JANE),
        *HASHER.targets("staging", JANE),
        *HASHER.targets("default", "jane+x@bücher.example"),
    ]
    assert len({each[3:] for each in hashes}) == len(hashes)


def test_the_hashes_of_every_key_of_the_ring_are_recognised() -> None:
    suppressions = [erased(target) for target in HASHER.targets("default", JANE)]
    for suppression in suppressions:
        index = SuppressionIndex([suppression], HASHER)
        assert index.covering("default", Channel.EMAIL, "JANE@BÜCHER.example", 1) == [suppression]
        assert index.covering("staging", Channel.EMAIL, JANE, 1) == []
        assert index.covering("default", Channel.EMAIL, "joe@bücher.example", 1) == []


def test_a_hash_is_neither_an_address_nor_a_domain() -> None:
    suppression = erased("#1:00ff")
    assert suppression.is_hashed
    assert not suppression.is_of_domain
    assert suppression.target_key == suppression.target
    assert not replace(suppression, target="example.com").is_hashed
