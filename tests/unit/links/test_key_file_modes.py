"""Files of secret keys that others may read are told about, and used."""

from __future__ import annotations

from pathlib import Path

import pytest
from clarion_server.adapters.key_ring import KEY_BYTES
from clarion_server.bootstrap.key_rings import read_ring
from structlog.testing import capture_logs


@pytest.mark.parametrize(("mode", "is_told"), [(0o600, False), (0o400, False), (0o640, True), (0o604, True)])
def test_a_key_file_that_others_may_read_is_logged_and_used(tmp_path: Path, mode: int, is_told: bool) -> None:
    file = tmp_path / "link-keys"
    file.write_text(f"1 {'0f' * KEY_BYTES}\n", encoding="utf-8")
    file.chmod(mode)
    with capture_logs() as logs:
        assert read_ring(file, "link keys").current_key == 1
    told = {"event": "key_file_readable_by_others", "log_level": "warning", "file": str(file), "remedy": "chmod 600"}
    assert logs == ([told] if is_told else [])
