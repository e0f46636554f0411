"""API keys."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

from clarion_client._values.enums import Scope
from clarion_client._values.value import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey(Value):
    """A credential without its secret. `revoke_time` is absent while it works."""

    name: str
    display_name: str
    scopes: Sequence[Scope]
    sandbox: str
    create_time: dt.datetime
    revoke_time: dt.datetime | None
    creator: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewApiKey(Value):
    """A new key with its secret, which the service shows this once."""

    api_key: ApiKey
    secret: str = field(repr=False)
