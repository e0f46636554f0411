"""Defines how templates write values."""

from __future__ import annotations

from enum import Enum


class Escaping(Enum):
    """Is the form in which a template writes a value."""

    NONE = "NONE"
    """The value is written unchanged."""
    HTML = "HTML"
    """The characters of HTML markup are escaped."""
    JSON = "JSON"
    """The value is written as JSON: texts in quotes, lists and objects whole."""
