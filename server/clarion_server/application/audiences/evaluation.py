"""Evaluates the condition of an audience for stored profiles."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from clarion_server.application.ports.audiences import Subject
from clarion_server.application.ports.conditions import Condition, ConditionCompiler
from clarion_server.domain.audiences.condition import FailureCause
from clarion_server.domain.category import Category
from clarion_server.domain.consent.consent import ConsentScope, Silence, decide_consent
from clarion_server.domain.instant import Instant

#: `consent()` returns this for somebody who has made no choice.
NO_CHOICE = "NONE"


class Evaluator:
    """Evaluates a condition for stored profiles, as of one moment."""

    def __init__(self, condition: Condition, compiler: ConditionCompiler, now: Instant) -> None:
        self._evaluate = condition.evaluate
        self._reads = reads = condition.reads
        moment = compiler.time(now)
        readers: Mapping[str, Callable[[Subject], Any]] = {
            "now": lambda _: moment,
            "profile.create_time": lambda subject: compiler.time(subject.create_time),
            "profile.locale": lambda subject: subject.locale,
            "profile.time_zone": lambda subject: subject.time_zone,
        }
        self._readers = [(name, readers[name]) for name in reads.names]

    @property
    def reads_choices(self) -> bool:
        return bool(self._reads.consents)

    def verdict(self, subject: Subject) -> bool | FailureCause:
        """Returns whether the condition is true of somebody, or why the evaluation failed."""
        attributes = orjson.loads(subject.attributes) if self._reads.attributes else {}
        values = {name: read(subject) for name, read in self._readers}
        choices = {scope: _choice(subject, scope) for scope in self._reads.consents}
        return self._evaluate(attributes, values, choices)


def _choice(subject: Subject, scope: ConsentScope) -> str:
    """Returns the person's present choice about messages of the scope. What silence means does not matter here."""
    assert scope.channel is not None
    silence = Silence.SEND_UNLESS_DENIED
    decision = decide_consent(subject.choices, scope.channel, scope.topic, Category.MARKETING, silence)
    return NO_CHOICE if decision.consent is None else str(decision.consent.choice)
