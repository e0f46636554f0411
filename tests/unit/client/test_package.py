from __future__ import annotations

import subprocess
import sys

import clarion_client

#: Run in an interpreter of its own: this one has long imported everything.
IMPORT = """
import sys, threading
import clarion_client
print(threading.active_count())
packages = {name.partition(".")[0] for name in sys.modules}
print(sorted(packages & {"clarion_server", "google", "grpc", "yaml", "sqlalchemy"}))
"""


def test_importing_the_client_starts_nothing_and_needs_only_grpc_and_protobuf() -> None:
    command = [sys.executable, "-c", IMPORT]

    output = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout

    assert output == "1\n['google', 'grpc']\n"


def test_everything_public_is_named_and_documented() -> None:
    public = [getattr(clarion_client, name) for name in clarion_client.__all__]

    assert all(item.__doc__ for item in public)
    assert len(clarion_client.__all__) == len(set(clarion_client.__all__))
