"""The port of the language in which conditions are written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from clarion_server.domain.audiences.condition import ConditionReads, FailureCause
from clarion_server.domain.consent.consent import ConsentScope
from clarion_server.domain.instant import Instant


class Condition(Protocol):
    """Is a compiled condition. Any thread may evaluate it."""

    @property
    def reads(self) -> ConditionReads: ...

    def evaluate(
        self, attributes: Mapping[str, Any], values: Mapping[str, Any], choices: Mapping[ConsentScope, str]
    ) -> bool | FailureCause:
        """Returns whether it is true of a person, or why the evaluation failed. Raises nothing.

        `attributes` are all stored ones, `values` those of `reads.names`, and `choices` those of `reads.consents`.
        """
        ...


class ConditionCompiler(Protocol):
    def compile(self, text: str) -> Condition:
        """Returns the condition, which is kept for the next call with the same text. Raises ConditionInvalid."""
        ...

    def time(self, instant: Instant) -> Any:
        """Returns an instant as conditions read it."""
        ...
