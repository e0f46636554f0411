"""Calls over HTTP with the standard library alone."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit

SECONDS = 60


@dataclass(frozen=True, slots=True)
class Answer:
    code: int
    headers: Mapping[str, str]
    """Have their names in lower case."""
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def reason(self) -> str:
        """Returns the reason in the ErrorInfo of a refusal."""
        return str(self._detail("google.rpc.ErrorInfo")["reason"])

    @property
    def violations(self) -> set[tuple[str, str]]:
        """Returns the field and the reason of each violation in a refusal."""
        listed = self._detail("google.rpc.BadRequest")["fieldViolations"]
        return {(each.get("field", ""), each["reason"]) for each in listed}

    def _detail(self, kind: str) -> dict[str, Any]:
        (found,) = (each for each in self.json["details"] if each["@type"] == f"type.googleapis.com/{kind}")
        return dict(found)


class Http:
    """Is a persistent connection: `with Http(service.http, key) as http:`"""

    def __init__(self, base: str, key: str = "") -> None:
        self._connection = http.client.HTTPConnection(urlsplit(base).netloc, timeout=SECONDS)
        self._headers = {"authorization": f"Bearer {key}"} if key else {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._connection.close()

    def get(self, path: str, **headers: str) -> Answer:
        return self.send("GET", path, None, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        return self.send("POST", path, body, **headers)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """`body`: a JSON value, or bytes that are sent unchanged. `headers`: names with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            named.setdefault("content-type", "application/json")
        self._connection.request(method, path, body, self._headers | named)
        answer = self._connection.getresponse()
        return Answer(answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.read())
