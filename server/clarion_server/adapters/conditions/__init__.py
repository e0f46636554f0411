"""Evaluates conditions in CEL, the Common Expression Language (https://cel.dev), by Google's implementation in C++."""

from __future__ import annotations

from clarion_server.adapters.conditions.compiler import CelConditionCompiler

__all__ = ["CelConditionCompiler"]
