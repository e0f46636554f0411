"""Changes messages by their ids, many with each statement."""

from __future__ import annotations

from clarion_server.adapters.storage.schema import messages
from clarion_server.adapters.storage.statements.bulk import BulkStatement, Values

_IDS = Values(messages.c.id)


def guard(condition: str) -> str:
    """Hides the condition from the planner of PostgreSQL, so that it finds each row by its id.

    With old statistics it may take a state for rare, and would read all rows in that state for every id. It expects
    nothing of a CASE.
    """
    return f"CASE WHEN {condition} THEN TRUE ELSE FALSE END"


_IS_QUEUED = guard("state = 'QUEUED'")
BEGIN = BulkStatement(
    "UPDATE messages SET state = 'SENDING', owner = {one}, attempt_time = {one},"  # noqa: S608 - names of the schema
    " first_attempt_time = coalesce(first_attempt_time, attempt_time), attempt_count = attempt_count + 1"
    f" WHERE id IN ({{rows}}) AND {_IS_QUEUED}",
    _IDS,
)
REQUEUE = BulkStatement(
    "UPDATE messages SET state = 'QUEUED', owner = NULL, attempt_count = attempt_count - 1,"  # noqa: S608 - names of the schema
    " attempt_time = CASE WHEN attempt_count = 1 THEN NULL ELSE attempt_time END"
    " FROM ({rows}) AS begun"
    " WHERE messages.id = begun.column1 AND "
    + guard("attempt_count = begun.column2 AND state = 'SENDING' AND owner = {one}"),
    Values(messages.c.id, messages.c.attempt_count),
)
HOLD = BulkStatement(f"UPDATE messages SET held = 1 WHERE id IN ({{rows}}) AND {_IS_QUEUED}", _IDS)  # noqa: S608 - names of the schema
# What waits for an opening begins its retry window, if it has one, later by the time until then.
DEFER = BulkStatement(
    "UPDATE messages SET due_time = deferred.column2,"  # noqa: S608 - names of the schema
    " release_time = CASE WHEN attempt_count = 0 THEN deferred.column2 ELSE release_time END,"
    " first_attempt_time = coalesce(first_attempt_time, attempt_time) + deferred.column3"
    " FROM ({rows}) AS deferred"
    f" WHERE messages.id = deferred.column1 AND {_IS_QUEUED}",
    Values(messages.c.id, messages.c.due_time, messages.c.first_attempt_time),
)
SET_FIRST_ATTEMPTS = BulkStatement(
    "UPDATE messages SET first_attempt_time = given.column2 FROM ({rows}) AS given WHERE messages.id = given.column1",
    Values(messages.c.id, messages.c.first_attempt_time),
)
SET_CAP_PERSONS = BulkStatement(
    "UPDATE messages SET cap_person = counted.column2 FROM ({rows}) AS counted WHERE messages.id = counted.column1",
    Values(messages.c.id, messages.c.cap_person),
)
KEEP_POLICIES = BulkStatement(
    "UPDATE messages SET sending_policy = kept.column2 FROM ({rows}) AS kept WHERE messages.id = kept.column1",
    Values(messages.c.id, messages.c.sending_policy),
)
KEEP_CHOICES = BulkStatement(
    "UPDATE messages SET consent_change = kept.column2 FROM ({rows}) AS kept WHERE messages.id = kept.column1",
    Values(messages.c.id, messages.c.consent_change),
)
SET_TURNS = BulkStatement(
    "UPDATE messages SET turn = given.column2 FROM ({rows}) AS given WHERE messages.id = given.column1",
    Values(messages.c.id, messages.c.turn),
)
MAKE_DUE = BulkStatement(
    "UPDATE messages SET due_time = {one},"  # noqa: S608 - names of the schema
    " release_time = CASE WHEN attempt_count = 0 THEN {one} ELSE release_time END"
    f" WHERE id IN ({{rows}}) AND {_IS_QUEUED}",
    _IDS,
)
END_QUEUED = BulkStatement(
    "UPDATE messages SET state = ended.column2, exclusion = ended.column3, failure = ended.column4,"  # noqa: S608 - names of the schema
    " outcome_time = {one}, held = 0"
    " FROM ({rows}) AS ended"
    f" WHERE messages.id = ended.column1 AND {_IS_QUEUED} RETURNING messages.id",
    Values(messages.c.id, messages.c.state, messages.c.exclusion, messages.c.failure),
)
RECORD_OUTCOMES = BulkStatement(
    "UPDATE messages SET state = ended.column3, owner = NULL, due_time = coalesce(ended.column4, due_time),"  # noqa: S608 - names of the schema
    " outcome_time = ended.column5, failure = ended.column6"
    " FROM ({rows}) AS ended"
    " WHERE messages.id = ended.column1 AND "
    + guard("attempt_count = ended.column2 AND state = 'SENDING' AND owner = {one}")
    + " RETURNING messages.id",
    Values(
        messages.c.id,
        messages.c.attempt_count,
        messages.c.state,
        messages.c.due_time,
        messages.c.outcome_time,
        messages.c.failure,
    ),
)
