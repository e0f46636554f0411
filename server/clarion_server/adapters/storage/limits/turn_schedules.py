"""Stores the schedules of turns."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sqlalchemy import Connection, delete, select, update

from clarion_server.adapters.storage.schema import turn_schedules
from clarion_server.adapters.storage.statements.bulk import BulkStatement, Values
from clarion_server.application.ports.turn_schedules import Retiming
from clarion_server.domain.instant import SECOND, Instant
from clarion_server.domain.messages.turns import TurnSchedule

_TABLE = turn_schedules.c
# In the order of their names, so that no two transactions wait for each other. SQLite has one writer at a time.
_LOCK = (
    "SELECT name, rate, epoch, next_place, delay, free_time FROM turn_schedules"
    " WHERE name IN ({rows}) AND rate > 0 ORDER BY name"
)
_LOCK_ROWS = BulkStatement(f"{_LOCK} FOR UPDATE", Values(_TABLE.name))
_LOCK_STORE = BulkStatement(_LOCK, Values(_TABLE.name))
_SAVE = BulkStatement(
    "UPDATE turn_schedules SET next_place = given.column2, delay = given.column3, free_time = given.column4"
    " FROM ({rows}) AS given WHERE turn_schedules.name = given.column1",
    Values(_TABLE.name, _TABLE.next_place, _TABLE.delay, _TABLE.free_time),
)
# A message that left under a low rate does not keep the next one back for longer than the new rate says.
_SET_RATE = BulkStatement(
    "INSERT INTO turn_schedules (name, sandbox, rate, epoch, next_place, delay, free_time) {rows}"
    " ON CONFLICT (name) DO UPDATE SET rate = excluded.rate, epoch = turn_schedules.epoch + 1, next_place = 0,"
    " delay = 0,"
    " free_time = CASE WHEN turn_schedules.free_time > {one} THEN {one} ELSE turn_schedules.free_time END,"
    " retimed_campaign = 0, retimed_message = ''"
    " WHERE turn_schedules.rate <> excluded.rate",
    Values(_TABLE.name, _TABLE.sandbox, _TABLE.rate, _TABLE.epoch, _TABLE.next_place, _TABLE.delay, _TABLE.free_time),
)
_BEGIN_ANEW = BulkStatement(
    "UPDATE turn_schedules SET epoch = epoch + 1, next_place = 0, delay = 0, retimed_campaign = 0, retimed_message = ''"
    " WHERE name IN ({rows})",
    Values(_TABLE.name),
)
_BEGUN = (
    select(_TABLE.name, _TABLE.sandbox, _TABLE.epoch, _TABLE.retimed_campaign, _TABLE.retimed_message)
    .where(_TABLE.retimed_campaign.is_not(None))
    .order_by(_TABLE.name)
    .limit(1)
)
_BEGUN_LOCKED = _BEGUN.with_for_update(skip_locked=True)


class SqlTurnScheduleRepository:
    def __init__(self, connection: Connection, *, locks: bool) -> None:
        """With `locks`, no other transaction reads the same rows until this one ends."""
        self._connection = connection
        self._lock = _LOCK_ROWS if locks and connection.dialect.name == "postgresql" else _LOCK_STORE
        self._begun = _BEGUN_LOCKED if locks else _BEGUN

    def lock(self, names: Collection[str]) -> dict[str, TurnSchedule]:
        rows = self._lock.select(self._connection, [(name,) for name in sorted(names)])
        return {row[0]: TurnSchedule(*row) for row in rows}

    def save(self, schedules: Mapping[str, TurnSchedule]) -> None:
        rows = [(name, each.next_place, each.delay, each.free_time) for name, each in sorted(schedules.items())]
        _SAVE.change(self._connection, rows)

    def set_rate(self, name: str, sandbox: str, rate: float, now: Instant) -> None:
        if rate or self._exists(name):
            free_time = now + SECOND / rate if rate else float(now)
            _SET_RATE.change(self._connection, [(name, sandbox, rate, 0, 0.0, 0.0, 0.0)], after=(free_time, free_time))

    def begin_anew(self, names: Collection[str]) -> None:
        _BEGIN_ANEW.change(self._connection, [(name,) for name in names])

    def _exists(self, name: str) -> bool:
        return self._connection.execute(select(_TABLE.name).where(_TABLE.name == name)).first() is not None

    def begun_retiming(self) -> Retiming | None:
        row = self._connection.execute(self._begun).first()
        return None if row is None else Retiming(row[0], row[1], row[2], (row[3], row[4]))

    def go_on(self, retiming: Retiming) -> None:
        campaign_key, message_id = retiming.after
        self._change(retiming, campaign_key, message_id)

    def finish(self, retiming: Retiming) -> None:
        self._change(retiming, None, None)
        self._connection.execute(delete(turn_schedules).where(_TABLE.name == retiming.schedule, _TABLE.rate == 0))

    def _change(self, retiming: Retiming, campaign_key: int | None, message_id: str | None) -> None:
        reached = {"retimed_campaign": campaign_key, "retimed_message": message_id}
        self._connection.execute(update(turn_schedules).where(_TABLE.name == retiming.schedule).values(reached))
