"""Makes sure that the links in mails that were sent can still be opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.link_tokens import LinkKeyRing
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.transactions import Transactions


class LinkKeysMissing(Exception):
    """Personal links were sealed by keys that are not in the key ring, or that differ from those of their number."""

    def __init__(self, missing: Sequence[int], differing: Sequence[int]) -> None:
        super().__init__(missing, differing)
        self.missing = missing
        """The numbers that the ring does not have."""
        self.differing = differing
        """The numbers under which the ring has another key."""


async def keep_link_keys(transactions: Transactions, ring: LinkKeyRing | None, clock: Clock) -> None:
    """Records the key that seals from now on, once all keys that have sealed are there. Raises LinkKeysMissing.

    Every process calls it before it seals its first link. `ring`: None where no links are made.
    """
    fingerprints = {} if ring is None else ring.fingerprints
    known = await transactions.read(lambda unit: unit.link_keys.fingerprints())
    _check(known, fingerprints)
    if ring is None or ring.sealing_key in known:
        return
    number = ring.sealing_key

    def add(unit: UnitOfWork) -> dict[int, bytes]:
        unit.link_keys.add(number, fingerprints[number], clock.now())
        return unit.link_keys.fingerprints()

    # Another process may have recorded another key under this number meanwhile.
    _check(await transactions.write(add), fingerprints)


def _check(known: Mapping[int, bytes], fingerprints: Mapping[int, bytes]) -> None:
    missing = [number for number in known if number not in fingerprints]
    differing = [number for number in known if number in fingerprints and fingerprints[number] != known[number]]
    if missing or differing:
        raise LinkKeysMissing(sorted(missing), sorted(differing))
