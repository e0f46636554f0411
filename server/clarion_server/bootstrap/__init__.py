"""The composition root: the one place that knows every part and connects them. `clarion` is where to begin reading."""

from __future__ import annotations

from clarion_server.bootstrap.clarion import Clarion, Ports
from clarion_server.bootstrap.preparing import prepare
from clarion_server.bootstrap.start_failures import CannotStart
from clarion_server.bootstrap.stores import open_store

__all__ = ["CannotStart", "Clarion", "Ports", "open_store", "prepare"]
