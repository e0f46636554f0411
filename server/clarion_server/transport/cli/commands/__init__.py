"""The commands, one file for those that belong together. What they do with the service comes when they are called."""

from __future__ import annotations
