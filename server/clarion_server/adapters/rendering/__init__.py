"""Compiles, reviews and renders contents and context schemas, by Jinja2 and JSON Schema."""

from __future__ import annotations

from clarion_server.adapters.rendering.compiler import JinjaContentCompiler

__all__ = ["JinjaContentCompiler"]
