"""Stores access labels: those of a sandbox, and those of a row."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from clarion_server.adapters.storage.rows.json_columns import ACCESS_LABELS
from clarion_server.adapters.storage.schema import access_labels as table
from clarion_server.adapters.storage.schema import campaigns, labelled_subjects
from clarion_server.application.ports.access_labels import LabelsExhausted
from clarion_server.application.ports.store import WriteConflict
from clarion_server.domain.access_labels import (
    MAX_ACCESS_LABELS,
    NO_ACCESS_LABELS,
    AccessLabels,
    access_labels,
)

_SUBJECT_MASKS = select(labelled_subjects.c.sandbox, labelled_subjects.c.subject, labelled_subjects.c.access_mask)
_CHANGE_COUNT = select(func.coalesce(func.sum(table.c.change_count), 0))


def encode_labels(labels: AccessLabels) -> str | None:
    return ACCESS_LABELS.encode(dict(labels.numbers)) if labels.numbers else None


def decode_labels(text: str | None) -> AccessLabels:
    return NO_ACCESS_LABELS if text is None else access_labels(ACCESS_LABELS.decode(text))


def label_columns(labels: AccessLabels) -> dict[str, Any]:
    """Returns the columns of a row that has these labels (`schema.columns.access_columns`)."""
    return {"access_labels": encode_labels(labels), "access_mask": labels.mask}


class SqlAccessLabelRepository:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def hand_out(self, sandbox: str, names: Collection[str]) -> AccessLabels:
        if not names:
            return NO_ACCESS_LABELS
        of_sandbox = select(table.c.name, table.c.number).where(table.c.sandbox == sandbox)
        numbers = {row.name: row.number for row in self._connection.execute(of_sandbox)}
        new = sorted(set(names) - set(numbers))
        if len(numbers) + len(new) > MAX_ACCESS_LABELS:
            raise LabelsExhausted(tuple(sorted(numbers)))
        # No number is given back, so they have no gaps.
        added = {name: number for number, name in enumerate(new, len(numbers))}
        self._add(sandbox, added)
        return access_labels({name: number for name, number in {**numbers, **added}.items() if name in set(names)})

    def _add(self, sandbox: str, numbers: dict[str, int]) -> None:
        """Raises WriteConflict when another process hands out a label at the same time."""
        rows = [
            {"sandbox": sandbox, "name": name, "number": number, "change_count": 0} for name, number in numbers.items()
        ]
        if not rows:
            return
        try:
            with self._connection.begin_nested():
                self._connection.execute(insert(table), rows)
        except IntegrityError as error:
            raise WriteConflict(sandbox) from error

    def change_count(self) -> int:
        count: int = self._connection.execute(_CHANGE_COUNT).scalar_one()
        return int(count)

    def subject_masks(self) -> dict[tuple[str, str], int]:
        rows = self._connection.execute(_SUBJECT_MASKS)
        return {(row.sandbox, row.subject): row.access_mask for row in rows}


def count_change(connection: Connection, campaign_key: int, sandbox: str, labels: AccessLabels) -> None:
    """Counts that the campaign gets other labels, if these are others. Must be called before they are stored.

    It changes all labels of the sandbox, so that changes of one sandbox follow each other.
    """
    former = select(campaigns.c.key).where(campaigns.c.key == campaign_key, campaigns.c.access_mask != labels.mask)
    counted = update(table).where(table.c.sandbox == sandbox, former.exists())
    connection.execute(counted.values(change_count=table.c.change_count + 1))


def label_subject(connection: Connection, sandbox: str, subject: str, labels: AccessLabels) -> None:
    """Keeps which labels hide the events of a subject, also when it will be gone, and counts that they have changed."""
    kept = labelled_subjects.c
    same = (kept.sandbox == sandbox, kept.subject == subject)
    former = connection.execute(select(kept.access_mask).where(*same)).scalar_one_or_none() or 0
    if former == labels.mask:
        return
    connection.execute(delete(labelled_subjects).where(*same))
    if labels.mask:
        row = {"sandbox": sandbox, "subject": subject, "access_mask": labels.mask}
        connection.execute(insert(labelled_subjects).values(row))
    counted = update(table).where(table.c.sandbox == sandbox)
    connection.execute(counted.values(change_count=table.c.change_count + 1))
