"""Signs requests by the Standard Webhooks specification (version 1, symmetric)."""

from __future__ import annotations

import base64
import hashlib
import hmac

from clarion_server.domain.content.webhook import signing_key


def signed_headers(secret: str, message_name: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Returns the header fields that identify a message, and its signature unless `secret` is empty.

    `timestamp` is the time of the attempt, in seconds since 1970. The name is the same for each attempt.
    """
    headers = {"webhook-id": message_name, "webhook-timestamp": str(timestamp)}
    if secret:
        signed = f"{message_name}.{timestamp}.".encode() + body
        digest = hmac.new(signing_key(secret), signed, hashlib.sha256).digest()
        headers["webhook-signature"] = f"v1,{base64.b64encode(digest).decode()}"
    return headers
