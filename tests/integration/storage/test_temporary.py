"""Tests the store of `CLARION_STORE=memory:`."""

from __future__ import annotations

import tempfile
from contextlib import closing
from pathlib import Path

import pytest
from clarion_server.bootstrap import CannotStart, open_store

from tests.contract.store import samples


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Returns the folder for temporary files."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_two_stores_share_nothing() -> None:
    key = samples.api_key()
    with closing(open_store("memory:")) as one, closing(open_store("memory:")) as other:
        with one.begin() as work:
            work.keys.add(key)
            work.commit()
        with one.snapshot() as work:
            assert work.keys.get(key.id) == key
        with other.snapshot() as work:
            assert work.keys.get(key.id) is None


def test_others_cannot_read_the_file_and_nothing_is_left_at_the_end(folder: Path) -> None:
    with closing(open_store("memory:")):
        (own,) = folder.iterdir()
        assert own.stat().st_mode & 0o777 == 0o700
        assert (own / "clarion.db").stat().st_mode & 0o777 == 0o600
    assert list(folder.iterdir()) == []


def test_a_folder_for_temporary_files_that_cannot_be_used_is_reported(folder: Path) -> None:
    folder.rmdir()
    with pytest.raises(CannotStart, match="Cannot make a store in the folder for temporary files"):
        open_store("memory:")
