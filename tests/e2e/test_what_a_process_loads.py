"""A process of the service keeps in memory what it has loaded, so it must not load what only others need."""

from __future__ import annotations

import json
import os
import re
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
