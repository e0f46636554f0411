"""A process of the service keeps in memory what it has loaded, so it must not load what only others need."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

#: Holds the libraries of the command line, and those that these or structlog load.
OF_OTHERS = {"cyclopts", "rich", "pygments", "docstring_parser", "ruamel", "clarion_client"}


def test_a_process_loads_nothing_of_the_command_line(tmp_path: Path) -> None:
    store = tmp_path / "missing" / "clarion.db"
    environment = {"CLARION_STORE": f"sqlite:///{store}", "CLARION_LISTEN": "127.0.0.1:0", "CLARION_HTTP_LISTEN": ""}
    command = [sys.executable, "-X", "importtime", "-P", "-m", "clarion_server.programs.service"]
    # The store is the last thing that the process looks for, and without it the process ends.
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=False)
    assert f"There is no folder {store.parent}" in done.stderr
    loaded = set(re.findall(r"^import time: .* ([\w.]+)$", done.stderr, re.MULTILINE))
    assert {"structlog.dev", "clarion_server.bootstrap.clarion"} <= loaded
    # A package that could not be imported is in the list too, and none of its modules.
    packages = {name.partition(".")[0] for name in loaded if "." in name}
    assert packages & OF_OTHERS == set()


def test_why_a_process_cannot_start_is_json_where_the_log_is(tmp_path: Path) -> None:
    environment = {"CLARION_STORE": f"sqlite:///{tmp_path}/missing/clarion.db", "CLARION_PROCESSES": "1"}
    command = [sys.executable, "-m", "clarion_server", "serve", "--json", "--listen", "127.0.0.1:0"]
    command += ["--http-listen", "127.0.0.1:0"]
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    error = json.loads(done.stderr)["error"]
    assert error.pop("message").startswith(f"There is no folder {tmp_path}/missing for the store clarion.db: make it")
    assert error == {"exit_code": 2}


def test_a_process_that_serves_collects_garbage(tmp_path: Path) -> None:
    # It collects none while it loads. What the collector does is told when the process ends.
    (tmp_path / "sitecustomize.py").write_text(
        "import atexit, gc, pathlib\n"
        f"told = pathlib.Path({str(tmp_path / 'told')!r})\n"
        "atexit.register(lambda: told.write_text(f'{gc.isenabled()} {gc.get_freeze_count() > 100_000}'))\n",
        encoding="utf-8",
    )
    environment = {
        "CLARION_STORE": f"sqlite:///{tmp_path}/clarion.db",
        "CLARION_LISTEN": "127.0.0.1:0",
        "CLARION_HTTP_LISTEN": "",
        "PYTHONPATH": str(tmp_path),
    }
    command = [sys.executable, "-P", "-m", "clarion_server.programs.service"]
    with subprocess.Popen(
        command, env=os.environ | environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        # Its log tells later that it serves: the collector is on by the time a signal is handled.
        assert any(line.startswith("serving grpc") for line in process.stdout)
        process.send_signal(signal.SIGTERM)
    assert (tmp_path / "told").read_text() == "True True"
