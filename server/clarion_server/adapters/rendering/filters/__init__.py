"""Lists the filters of templates: the safe ones of Jinja2 and those that write for people. Each pays for its work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from clarion_server.adapters.rendering.filters.lists import LIST_FILTERS
from clarion_server.adapters.rendering.filters.numbers import LOCALE_FILTERS
from clarion_server.adapters.rendering.filters.texts import TEXT_FILTERS

FILTERS: dict[str, Callable[..., Any]] = {**LIST_FILTERS, **LOCALE_FILTERS, **TEXT_FILTERS}
