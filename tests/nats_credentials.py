"""Makes a NATS operator with an account and a user, like `nsc`: the configuration of a server, and credentials for it.

The tokens are JWTs signed with Ed25519 (https://docs.nats.io/running-a-nats-service/configuration/securing_nats/jwt).
"""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import nkeys
import orjson

_NO_LIMITS = dict.fromkeys(("subs", "data", "payload", "imports", "exports", "conn", "leaf"), -1) | {"wildcards": True}
_JETSTREAM = dict.fromkeys(("mem_storage", "disk_storage", "streams", "consumer"), -1)


@dataclass(frozen=True, slots=True)
class Trust:
    configuration: str
    """Lines of the server's configuration, which accepts the users that the operator's account has signed."""
    credentials: str
    """Is the text of the user's credentials file."""


def new_trust() -> Trust:
    operator, system, account, user = (
        _Key(kind)
        for kind in (
            nkeys.PREFIX_BYTE_OPERATOR,
            nkeys.PREFIX_BYTE_ACCOUNT,
            nkeys.PREFIX_BYTE_ACCOUNT,
            nkeys.PREFIX_BYTE_USER,
        )
    )
    system_token = operator.sign_token(system, {"type": "account", "limits": _NO_LIMITS})
    account_token = operator.sign_token(account, {"type": "account", "limits": _NO_LIMITS | _JETSTREAM})
    user_token = account.sign_token(user, {"type": "user", "subs": -1, "data": -1, "payload": -1})
    return Trust(
        f"operator: {operator.sign_token(operator, {'type': 'operator'})}\n"
        f"system_account: {system.name}\n"
        "resolver: MEMORY\n"
        f"resolver_preload: {{ {system.name}: {system_token}, {account.name}: {account_token} }}\n",
        f"-----BEGIN NATS USER JWT-----\n{user_token}\n------END NATS USER JWT------\n\n"
        f"-----BEGIN USER NKEY SEED-----\n{user.seed}\n------END USER NKEY SEED------\n",
    )


class _Key:
    def __init__(self, kind: int) -> None:
        seed = nkeys.encode_seed(os.urandom(32), kind)
        self._pair = nkeys.from_seed(seed)
        self.seed = bytes(seed).decode()
        self.name = self._pair.public_key.decode()

    def sign_token(self, other: _Key, claims: Mapping[str, Any]) -> str:
        body = {"iss": self.name, "sub": other.name, "jti": other.name, "iat": 0, "nats": {**claims, "version": 2}}
        signed = ".".join(_encode(orjson.dumps(part)) for part in ({"typ": "JWT", "alg": "ed25519-nkey"}, body))
        return f"{signed}.{_encode(self._pair.sign(signed.encode()))}"


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
