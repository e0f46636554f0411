"""Stores how far imports have come, and the results of their last rows."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from clarion_server.adapters.storage.rows.json_columns import IMPORT_RESULTS
from clarion_server.adapters.storage.schema import import_results, imports
from clarion_server.adapters.storage.statements.bulk import insertion
from clarion_server.domain.instant import Instant
from clarion_server.domain.people.import_place import ImportPlace, ImportProgress
from clarion_server.domain.people.import_result import ImportResult

_ADD = insertion(imports, tuple(imports.columns)[1:], "ON CONFLICT DO NOTHING")
_PROGRESS = (
    select(imports.c.key, imports.c.row_count)
    .where(
        imports.c.sandbox == bindparam("sandbox"),
        imports.c.collection == bindparam("collection"),
        imports.c.id == bindparam("id"),
    )
    .with_for_update()
)
_OF_IMPORT = import_results.c.import_key == bindparam("import_key")
# The results that hold a position were written together, and are found by the last position that is not behind it.
_RESULTS = (
    select(import_results.c.position, import_results.c.results)
    .where(
        _OF_IMPORT,
        import_results.c.position
        >= func.coalesce(
            select(func.max(import_results.c.position))
            .where(_OF_IMPORT, import_results.c.position <= bindparam("start"))
            .scalar_subquery(),
            0,
        ),
        import_results.c.position < bindparam("end"),
    )
    .order_by(import_results.c.position)
)


class SqlImportRepository:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def lock(self, place: ImportPlace, now: Instant) -> ImportProgress:
        if (found := self._progress(place)) is None:
            _ADD.change(self._connection, [(place.sandbox, place.collection, place.import_id, 0, now)])
            found = self._progress(place)
            assert found is not None, "it is there, whoever has added it"
        return found

    def results(self, progress: ImportProgress, start: int, end: int) -> dict[int, ImportResult]:
        wanted = {"import_key": progress.key, "start": start, "end": end}
        return {
            position: result
            for first, text in self._connection.execute(_RESULTS, wanted)
            for position, result in enumerate(IMPORT_RESULTS.decode(text), first)
            if start <= position < end
        }

    def advance(self, progress: ImportProgress, results: Sequence[ImportResult], kept: int, now: Instant) -> None:
        row_count = progress.row_count + len(results)
        row = {
            "import_key": progress.key,
            "position": progress.row_count,
            "results": IMPORT_RESULTS.encode(tuple(results)),
        }
        self._connection.execute(insert(import_results).values(row))
        # Results that were written together are deleted when all of them are too old, and the rows behind tell that.
        too_old = (
            select(func.max(import_results.c.position))
            .where(import_results.c.import_key == progress.key, import_results.c.position <= row_count - kept)
            .scalar_subquery()
        )
        forgotten = (import_results.c.import_key == progress.key, import_results.c.position < too_old)
        self._connection.execute(delete(import_results).where(*forgotten))
        changes = {"row_count": row_count, "update_time": now}
        self._connection.execute(update(imports).where(imports.c.key == progress.key).values(changes))

    def begin_anew(self, progress: ImportProgress) -> None:
        self._connection.execute(delete(import_results).where(import_results.c.import_key == progress.key))
        self._connection.execute(update(imports).where(imports.c.key == progress.key).values(row_count=0))

    def purge(self, before: Instant, limit: int) -> int:
        old = select(imports.c.key).where(imports.c.update_time < before).order_by(imports.c.update_time).limit(limit)
        # One that goes on meanwhile is not old any more.
        deleted = delete(imports).where(imports.c.key.in_(old), imports.c.update_time < before).returning(imports.c.key)
        keys = list(self._connection.execute(deleted).scalars())
        self._connection.execute(delete(import_results).where(import_results.c.import_key.in_(keys)))
        return len(keys)

    def _progress(self, place: ImportPlace) -> ImportProgress | None:
        wanted = {"sandbox": place.sandbox, "collection": place.collection, "id": place.import_id}
        row = self._connection.execute(_PROGRESS, wanted).one_or_none()
        return None if row is None else ImportProgress(row.key, row.row_count)
