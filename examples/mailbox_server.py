"""A real SMTP server on this machine that keeps every mail as a file in a folder."""

from __future__ import annotations

import socket
import threading
from collections import Counter
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


class MailboxServer:
    """Serves on 127.0.0.1 in a thread of its own, between `start` and `stop`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.port = _free_port()
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port, enable_SMTPUTF8=True)
        self._lock = threading.Lock()
        self._received: Counter[str] = Counter()

    def start(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._controller.start()

    def stop(self) -> None:
        self._controller.stop()

    def received(self) -> Counter[str]:
        """Counts the mails by the id of their message, which is the local part of the Message-ID."""
        with self._lock:
            return self._received.copy()

    def read(self, message_id: str) -> EmailMessage:
        return message_from_bytes(self.file_of(message_id).read_bytes(), policy=policy.default)

    def file_of(self, message_id: str) -> Path:
        return self._folder / f"{message_id}.eml"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: ARG002, N802 - aiosmtpd's hook
        content = envelope.content
        assert isinstance(content, bytes)
        mail = message_from_bytes(content, policy=policy.default)
        message_id = str(mail["Message-ID"]).strip("<>").partition("@")[0]
        with self._lock:
            self._received[message_id] += 1
        self.file_of(message_id).write_bytes(content)
        return "250 2.0.0 OK"


def _free_port() -> int:
    """Returns a free port. aiosmtpd must know its port beforehand to see whether its server has started."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
