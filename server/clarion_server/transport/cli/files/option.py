"""Defines the option of commands that read files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

FilesOption = Annotated[
    list[Path],
    Parameter(
        ("--file", "-f"),
        help="A YAML file, a folder with some, or - for stdin. May be repeated. Default: this folder.",
        allow_leading_hyphen=True,
        show_default=False,
    ),
]
