"""Stores the history of approvals."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Row, Select, func, insert, select

from clarion_server.adapters.storage.schema import approval_steps
from clarion_server.domain.approvable import DraftKey, DraftKind
from clarion_server.domain.approvals.approval import ApprovalAction, ApprovalStep

#: Holds, for each kind of draft, the column that refers to its campaign or fragment.
_COLUMNS: Mapping[DraftKind, Column[Any]] = {
    DraftKind.CAMPAIGN: approval_steps.c.campaign_key,
    DraftKind.FRAGMENT: approval_steps.c.fragment_key,
}


class SqlApprovalRepository:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, step: ApprovalStep) -> ApprovalStep:
        values = {
            _column_of(step.draft).name: step.draft.key,
            "action": step.action,
            "time": step.time,
            "actor": step.actor,
            "comment": step.comment,
            "content_hash": step.content_hash,
            "thread": step.thread,
        }
        added = insert(approval_steps).values(values).returning(approval_steps.c.key)
        return replace(step, key=self._connection.execute(added).scalar_one())

    def submitted(self, draft: DraftKey) -> list[ApprovalStep]:
        of_draft = _is_of(draft)
        submission = select(func.max(approval_steps.c.key)).where(
            of_draft, approval_steps.c.action == ApprovalAction.SUBMITTED
        )
        since = (of_draft, approval_steps.c.key >= submission.scalar_subquery())
        rows = self._connection.execute(select(approval_steps).where(*since).order_by(approval_steps.c.key))
        return [_step_from_row(row) for row in rows]

    def get(self, draft: DraftKey, key: int) -> ApprovalStep | None:
        the_one = (_is_of(draft), approval_steps.c.key == key)
        row = self._connection.execute(select(approval_steps).where(*the_one)).one_or_none()
        return None if row is None else _step_from_row(row)

    def openings(self, draft: DraftKey, before: int | None, limit: int) -> list[ApprovalStep]:
        no_reply = (approval_steps.c.thread.is_(None), approval_steps.c.comment != "")
        statement = select(approval_steps).where(_is_of(draft), *no_reply)
        return self._newest(statement, before, limit)

    def replies(self, draft: DraftKey, openings: Collection[int]) -> list[ApprovalStep]:
        of_threads = (_is_of(draft), approval_steps.c.thread.in_(openings))
        rows = self._connection.execute(select(approval_steps).where(*of_threads).order_by(approval_steps.c.key))
        return [_step_from_row(row) for row in rows]

    def page(self, draft: DraftKey, before: int | None, limit: int) -> list[ApprovalStep]:
        return self._newest(select(approval_steps).where(_is_of(draft)), before, limit)

    def _newest(self, statement: Select[Any], before: int | None, limit: int) -> list[ApprovalStep]:
        if before is not None:
            statement = statement.where(approval_steps.c.key < before)
        rows = self._connection.execute(statement.order_by(approval_steps.c.key.desc()).limit(limit))
        return [_step_from_row(row) for row in rows]


def _column_of(draft: DraftKey) -> Column[Any]:
    return _COLUMNS[draft.kind]


def _is_of(draft: DraftKey) -> ColumnElement[bool]:
    return _column_of(draft) == draft.key


def _step_from_row(row: Row[Any]) -> ApprovalStep:
    (draft,) = (
        DraftKey(kind, key) for kind, column in _COLUMNS.items() if (key := getattr(row, column.name)) is not None
    )
    return ApprovalStep(
        draft,
        ApprovalAction(row.action),
        row.time,
        row.actor,
        row.comment,
        row.content_hash,
        row.key,
        row.thread,
    )
