"""Hooks that Schemathesis loads because of `SCHEMATHESIS_HOOKS`."""

from __future__ import annotations

from typing import Any

import schemathesis


@schemathesis.hook
def filter_case(_context: Any, case: Any) -> bool:
    """Drops bodies with null. A schema with `string` forbids it, but protobuf's JSON mapping takes it for no value."""
    return not _has_null(case.body)


def _has_null(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_has_null, value.values()))
    if isinstance(value, list):
        return any(map(_has_null, value))
    return value is None
