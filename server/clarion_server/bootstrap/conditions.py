"""Compiles conditions by a library that is loaded when the first one is compiled: it takes 6 MB."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from clarion_server.application.ports.conditions import Condition
from clarion_server.domain.instant import Instant

if TYPE_CHECKING:
    from clarion_server.adapters.conditions import CelConditionCompiler


class ConditionsOnDemand:
    """Implements `ConditionCompiler`."""

    def compile(self, text: str) -> Condition:
        return self._compiler.compile(text)

    def time(self, instant: Instant) -> Any:
        return self._compiler.time(instant)

    @cached_property
    def _compiler(self) -> CelConditionCompiler:
        from clarion_server.adapters.conditions import CelConditionCompiler  # noqa: PLC0415 - only when asked for

        return CelConditionCompiler()
