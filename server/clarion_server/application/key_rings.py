"""Makes sure that all secret keys which were used before are still in their key ring."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.key_rings import KeyRing
from clarion_server.application.ports.repositories import KeyNameRepository
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.transactions import Transactions


class KeysMissing(Exception):
    """Keys that were used are not in the key ring, or differ from those of their number."""

    def __init__(self, missing: Sequence[int], differing: Sequence[int]) -> None:
        super().__init__(missing, differing)
        self.missing = missing
        """Holds the numbers that the ring does not have."""
        self.differing = differing
        """Holds the numbers under which the ring has another key."""

    @property
    def fault(self) -> str:
        """Returns what is wrong with the keys, without the subject of the sentence."""
        faults = [f"lack the key {number}" for number in self.missing]
        faults += [f"have another key under the number {number}" for number in self.differing]
        return " and ".join(faults)


async def keep_keys(
    transactions: Transactions,
    names: Callable[[UnitOfWork], KeyNameRepository],
    ring: KeyRing | None,
    clock: Clock,
) -> None:
    """Records the ring's current key, once all keys that were used before are there. Raises KeysMissing.

    Every process calls it before it uses a key. `names` returns the repository of the ring's purpose. `ring`: None
    where the settings name no ring.
    """
    fingerprints = {} if ring is None else ring.fingerprints
    known = await transactions.read(lambda unit: names(unit).fingerprints())
    _check(known, fingerprints)
    if ring is None or ring.current_key in known:
        return
    number = ring.current_key

    def add(unit: UnitOfWork) -> dict[int, bytes]:
        names(unit).add(number, fingerprints[number], clock.now())
        return names(unit).fingerprints()

    # Another process may have recorded another key under this number meanwhile.
    _check(await transactions.write(add), fingerprints)


def _check(known: Mapping[int, bytes], fingerprints: Mapping[int, bytes]) -> None:
    missing = [number for number in known if number not in fingerprints]
    differing = [number for number in known if number in fingerprints and fingerprints[number] != known[number]]
    if missing or differing:
        raise KeysMissing(sorted(missing), sorted(differing))
