"""Provides the compiler of content that all worlds share."""

from __future__ import annotations

from typing import Any

from clarion_server.adapters.rendering import JinjaContentCompiler
from clarion_server.bootstrap.channels import CONTENT_KINDS

from tests.unit.application.links import PUBLIC_URL


class RememberingCompiler(JinjaContentCompiler):
    """Compiles each content once. Most tests send the same one, and compiling it takes longer than the rest of them."""

    def __init__(self) -> None:
        super().__init__(CONTENT_KINDS, PUBLIC_URL)
        self._compiled: dict[str, Any] = {}

    def compile_content(self, *arguments: Any, **further: Any) -> Any:
        key = repr((arguments, further))
        if key not in self._compiled:
            self._compiled[key] = super().compile_content(*arguments, **further)
        return self._compiled[key]


COMPILER = RememberingCompiler()
