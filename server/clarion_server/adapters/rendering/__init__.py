"""Contents and context schemas: Jinja2 templates, their review, and JSON Schema."""

from __future__ import annotations

from clarion_server.adapters.rendering.compiler import JinjaContentCompiler

__all__ = ["JinjaContentCompiler"]
