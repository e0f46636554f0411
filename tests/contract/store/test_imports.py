"""Imports: how far each has come, and what its last rows came to."""

from __future__ import annotations

from dataclasses import replace

from clarion_server.application.ports.store import UnitOfWork
from clarion_server.domain.people.import_place import ImportPlace, ImportProgress
from clarion_server.domain.people.import_result import ImportOutcome, ImportResult
from clarion_server.domain.violation import Violation

from tests.contract.store.samples import NOW

PLACE = ImportPlace("default", "profiles", "june", 0)


def results(start: int, count: int) -> list[ImportResult]:
    return [ImportResult(ImportOutcome.CREATED, f"profiles/{start + index}") for index in range(count)]


def advance(work: UnitOfWork, count: int, place: ImportPlace = PLACE, *, kept: int = 100, now: int = NOW) -> None:
    progress = work.imports.lock(place, now)
    work.imports.advance(progress, results(progress.row_count, count), kept, now)


def progress_of(work: UnitOfWork, place: ImportPlace = PLACE) -> ImportProgress:
    return work.imports.lock(place, NOW)


def test_an_import_begins_without_rows_and_counts_them(work: UnitOfWork) -> None:
    assert progress_of(work).row_count == 0
    advance(work, 3)
    advance(work, 2)
    assert progress_of(work).row_count == 5


def test_imports_of_one_id_into_other_collections_and_sandboxes_are_others(work: UnitOfWork) -> None:
    advance(work, 3)
    for other in (replace(PLACE, sandbox="staging"), replace(PLACE, collection="audiences/gold")):
        assert progress_of(work, other).row_count == 0
        assert work.imports.results(progress_of(work, other), 0, 3) == {}


def test_the_results_of_any_rows_are_found_however_they_were_written(work: UnitOfWork) -> None:
    for count in (3, 2, 4):
        advance(work, count)
    expected = dict(enumerate(results(0, 9)))
    for start, end in ((0, 9), (2, 4), (4, 5), (5, 7), (8, 20)):
        wanted = {position: expected[position] for position in range(start, min(end, 9))}
        assert work.imports.results(progress_of(work), start, end) == wanted


def test_a_result_comes_back_with_its_violations_and_notes(work: UnitOfWork) -> None:
    broken = Violation("identities[0]", "MALFORMED", "Must be an address.")
    given = [
        ImportResult(ImportOutcome.REJECTED, violations=(broken,)),
        ImportResult(ImportOutcome.UPDATED, "x", notes=(broken,)),
    ]
    work.imports.advance(progress_of(work), given, 100, NOW)
    assert list(work.imports.results(progress_of(work), 0, 2).values()) == given


def test_the_results_of_as_many_rows_as_asked_for_are_kept(work: UnitOfWork) -> None:
    for _ in range(10):
        advance(work, 3, kept=7)
    kept = work.imports.results(progress_of(work), 0, 30)
    assert set(range(23, 30)) <= set(kept) <= set(range(21, 30))


def test_an_import_that_begins_anew_has_no_rows_and_leaves_others_alone(work: UnitOfWork) -> None:
    other = replace(PLACE, import_id="july")
    advance(work, 3)
    advance(work, 2, other)
    work.imports.begin_anew(progress_of(work))
    assert progress_of(work).row_count == 0
    assert work.imports.results(progress_of(work), 0, 3) == {}
    assert len(work.imports.results(progress_of(work, other), 0, 3)) == 2


def test_imports_are_purged_with_their_results_after_their_last_row(work: UnitOfWork) -> None:
    other = replace(PLACE, import_id="july")
    advance(work, 3)
    advance(work, 3, other, now=NOW + 10)
    assert work.imports.purge(NOW, 9) == 0
    assert work.imports.purge(NOW + 1, 9) == 1
    assert work.imports.purge(NOW + 1, 9) == 0
    again = progress_of(work)
    assert (again.row_count, work.imports.results(again, 0, 3)) == (0, {})
    assert progress_of(work, other).row_count == 3


def test_a_purge_deletes_no_more_imports_than_asked_for(work: UnitOfWork) -> None:
    for number in range(3):
        advance(work, 1, replace(PLACE, import_id=f"i{number}"))
    assert [work.imports.purge(NOW + 1, 2) for _ in range(3)] == [2, 1, 0]
