"""Implements the clock and the source of ids and secrets."""

from __future__ import annotations

import secrets
import time

import uuid_utils

from clarion_server.domain.instant import Instant


class SystemClock:
    def now(self) -> Instant:
        return time.time_ns() // 1000


class SystemIds:
    def new_id(self) -> str:
        return uuid_utils.uuid7().hex

    def new_secret(self) -> str:
        return secrets.token_urlsafe(32)
