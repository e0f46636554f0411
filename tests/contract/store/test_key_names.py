"""Tests the names of secret keys that were used."""

from __future__ import annotations

from clarion_server.application.ports.store import Store, UnitOfWork


def test_a_new_store_names_no_key(work: UnitOfWork) -> None:
    assert work.link_keys.fingerprints() == {}


def test_keys_are_named_by_number_and_fingerprint(store: Store) -> None:
    with store.begin() as work:
        work.link_keys.add(1, b"first", 1_000)
        work.link_keys.add(255, b"last\0\xff", 2_000)
        work.commit()
    with store.snapshot() as work:
        assert work.link_keys.fingerprints() == {1: b"first", 255: b"last\0\xff"}


def test_the_first_key_of_a_number_stays(work: UnitOfWork) -> None:
    work.link_keys.add(1, b"first", 1_000)
    work.link_keys.add(1, b"other", 2_000)
    assert work.link_keys.fingerprints() == {1: b"first"}


def test_the_keys_of_links_and_of_erasures_are_named_apart(work: UnitOfWork) -> None:
    work.link_keys.add(1, b"first", 1_000)
    work.erasure_keys.add(1, b"other", 2_000)
    assert (work.link_keys.fingerprints(), work.erasure_keys.fingerprints()) == ({1: b"first"}, {1: b"other"})
