"""A receiver of webhooks: it checks each signature, and takes each message once.

`WEBHOOK_SECRET=whsec_… python examples/webhook_receiver.py 8099` serves on 127.0.0.1 at that port, and prints what it
takes.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import sys
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

#: Says how old a request may be, in seconds. Older ones may be copies that somebody sends again.
TOLERANCE = 300


def is_genuine(secret: str, headers: Mapping[str, str], body: bytes, now: float) -> bool:
    """Returns whether the holder of the secret signed the request, by the Standard Webhooks specification."""
    message_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not timestamp.isdecimal() or abs(now - int(timestamp)) > TOLERANCE:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    expected = f"v1,{base64.b64encode(digest).decode()}"
    # While a secret is replaced, a sender may sign with both.
    return any(hmac.compare_digest(expected, each) for each in headers.get("webhook-signature", "").split())


class WebhookReceiver:
    """Serves on 127.0.0.1 in a thread of its own, between `start` and `stop`."""

    def __init__(self, secret: str, port: int = 0, *, prints: bool = False) -> None:
        """Port 0 takes a free one."""
        self.received: dict[str, bytes] = {}
        """The body of each message, by its `webhook-id`. A real receiver keeps the ids in its database."""
        self.repeat_count = 0
        self._secret = secret
        self._prints = prints
        self._lock = threading.Lock()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                self.send_response(receiver.take(dict(self.headers.items()), body))
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
                """Logs nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/events"

    def start(self) -> None:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def take(self, headers: Mapping[str, str], body: bytes) -> int:
        """Returns the HTTP status of the answer. A repeated message is answered like the first one."""
        headers = {name.lower(): value for name, value in headers.items()}
        if not is_genuine(self._secret, headers, body, time.time()):
            return 401
        with self._lock:
            if headers["webhook-id"] in self.received:
                self.repeat_count += 1
                return 204
            self.received[headers["webhook-id"]] = body
        if self._prints:
            print(f"{headers['webhook-id']}: {body.decode()}", flush=True)
        return 204


def main() -> None:
    receiver = WebhookReceiver(os.environ["WEBHOOK_SECRET"], int(sys.argv[1]), prints=True)
    receiver.start()
    print(f"Serving at {receiver.url}", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
