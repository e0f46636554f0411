"""Wires the service, one component a file. Begin reading at `clarion`, which starts and stops them."""

from __future__ import annotations

from clarion_server.bootstrap.clarion import Clarion
from clarion_server.bootstrap.preparing import prepare
from clarion_server.bootstrap.servers import Ports
from clarion_server.bootstrap.start_failures import CannotStart
from clarion_server.bootstrap.stores import open_store

__all__ = ["CannotStart", "Clarion", "Ports", "open_store", "prepare"]
