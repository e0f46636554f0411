"""One service as a process of its own, shared by many tests: each takes a sandbox, which nobody else sees.

Tests that kill or restart the service have one of their own: see `tests/process.py`.
"""

from __future__ import annotations

import os
import re
import secrets
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from clarion_client import Client, Scope

STOP_SECONDS = 180
#: Says what the links in mails begin with. Tests ask the service itself for the path behind it.
PUBLIC_URL = "https://mail.example.com"


@dataclass(frozen=True, slots=True)
class Sandbox:
    """An isolated set of campaigns, channel configurations, messages and keys, with an administrator's key for it."""

    target: str
    name: str
    admin_key: str

    def client(self) -> Client:
        return Client(self.target, api_key=self.admin_key)

    @property
    def environment(self) -> dict[str, str]:
        """Returns what tells the command line and `Client.from_environment` where it is."""
        return {"CLARION_TARGET": self.target, "CLARION_API_KEY": self.admin_key}


@dataclass(frozen=True, slots=True)
class Service:
    """`first_key` is the administrator's of the sandbox `default`."""

    target: str
    http: str
    """Is where it serves HTTP, such as `http://127.0.0.1:50080`."""
    first_key: str
    log: Path
    pid: int

    def new_sandbox(self) -> Sandbox:
        name = f"test-{uuid.uuid4().hex}"
        with Client(self.target, api_key=self.first_key) as client:
            new = client.keys.create(name, [Scope.ADMIN], sandbox=name)
        return Sandbox(self.target, name, new.secret)


@contextmanager
def running_service(folder: Path, **environment: str) -> Iterator[Service]:
    """Serves on a free port, on a new store in the folder. `environment`: settings without their prefix, such as
    `lease_seconds="1"`. Fails when the service does not end well.
    """
    link_keys = folder / "link-keys"
    link_keys.write_text(f"1 {secrets.token_hex(64)}\n")
    erasure_keys = folder / "erasure-keys"
    erasure_keys.write_text(f"1 {secrets.token_hex(64)}\n")
    settings = {
        "public_url": PUBLIC_URL,
        "link_keys": str(link_keys),
        "erasure_keys": str(erasure_keys),
        "listen": "127.0.0.1:0",
        "http_listen": "127.0.0.1:0",
        "store": f"sqlite:///{folder}/clarion.db",
        **environment,
    }
    log = folder / "service.log"
    with log.open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", "clarion_server", "serve"],
            env=os.environ | {f"CLARION_{name.upper()}": value for name, value in settings.items()},
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
    try:
        yield _until_serving(process, log)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=STOP_SECONDS)
    assert process.returncode == 0, log.read_text()


def _until_serving(process: subprocess.Popen[str], log: Path) -> Service:
    assert process.stdout is not None
    key = http = ""
    for line in process.stdout:
        if found := re.search(r"clk_\S+", line):
            key = found[0]
        if found := re.match(r"serving http on (\S+)", line):
            http = f"http://{found[1]}"
        if found := re.match(r"serving grpc on (\S+)", line):
            return Service(found[1], http, key, log, process.pid)
    raise RuntimeError(f"The service ended at its start:\n{log.read_text()}")
