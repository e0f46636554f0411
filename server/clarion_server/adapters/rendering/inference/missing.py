"""Says why a value may be missing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto


class Cause(Enum):
    UNKNOWN = auto()
    """The schema has no such name."""
    NOT_REQUIRED = auto()
    NULL = auto()
    NOT_AN_OBJECT = auto()
    NOT_A_LIST = auto()
    TOO_FEW = auto()
    """The list may have too few entries."""
    NOT_ALWAYS_SET = auto()
    """Only some of the branches set the variable."""
    ANY_KEY = auto()
    """The name is computed."""


@dataclass(frozen=True, slots=True)
class MissingReason:
    cause: Cause
    path: str
    """Is the value that may be missing, as the template names it; empty for a computed value."""
    suggestion: str = ""
    """Is the name that was probably meant, as a question."""
