"""Reads, writes, compares and applies campaigns and what they use as files."""

from __future__ import annotations
