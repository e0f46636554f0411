"""Defines the option of commands that read files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

_NAMES = ("--file", "-f")
_HELP = "A YAML file, a folder with some, or - for stdin. May be repeated."

RequiredFiles = Annotated[list[Path], Parameter(_NAMES, help=_HELP, allow_leading_hyphen=True)]
FilesOption = Annotated[
    list[Path],
    Parameter(_NAMES, help=f"{_HELP} Default: this folder.", allow_leading_hyphen=True, show_default=False),
]
