"""Targeting rules in CEL, the language of the conditions of audiences, with the same bounds."""

from __future__ import annotations

from clarion_server.adapters.targeting.compiler import CelRules

__all__ = ["CelRules"]
