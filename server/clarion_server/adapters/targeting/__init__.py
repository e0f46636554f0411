"""Evaluates targeting rules in CEL, the language of the conditions of audiences, with the same bounds."""

from __future__ import annotations

from clarion_server.adapters.targeting.review import ReviewedRules

__all__ = ["ReviewedRules"]
