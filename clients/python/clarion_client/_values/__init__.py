"""What callers deal with: frozen values in Python's own types, and how they travel."""

from __future__ import annotations
