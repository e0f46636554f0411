"""Shows and changes what consent means in a sandbox."""

from __future__ import annotations

from dataclasses import dataclass

from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.transactions import Transactions
from clarion_server.domain.access.access import Caller
from clarion_server.domain.consent.consent import ConsentSettings, Silence
from clarion_server.domain.events.event import silence_event


@dataclass(frozen=True, slots=True)
class UpdateConsentSettings:
    silence: Silence | None
    """None leaves it as it is."""
    etag: str = ""


class ManageConsentSettings:
    def __init__(self, transactions: Transactions, clock: Clock) -> None:
        self._transactions = transactions
        self._clock = clock

    async def get(self, caller: Caller) -> ConsentSettings:
        return await self._transactions.read(lambda unit: unit.consents.settings(caller.visibility))

    async def update(self, command: UpdateConsentSettings, caller: Caller) -> ConsentSettings:
        """Raises EtagMismatch."""

        def change(unit: UnitOfWork) -> ConsentSettings:
            unit.consents.lock(caller.visibility)
            stored = unit.consents.settings(caller.visibility)
            stored.check_etag(command.etag)
            if command.silence is None or command.silence is stored.silence:
                return stored
            now = self._clock.now()
            updated = stored.updated(command.silence, now)
            unit.consents.save_settings(updated)
            unit.events.add_all([silence_event(caller.sandbox, updated.name, updated.silence, caller.name, now)])
            return updated

        return await self._transactions.write(change)
