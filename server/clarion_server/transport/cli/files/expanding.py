"""What a file takes from elsewhere: texts from files of their own, settings and secrets from the environment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from clarion_server.transport.cli.failures import CommandFailed, Problem
from clarion_server.transport.cli.files.documents import Document, text_of
from clarion_server.transport.cli.files.resource_types import FREE_FORM
from clarion_server.transport.cli.files.source_location import Place

#: `html_file: order.html` gives `html` the text of that file.
FILE_SUFFIX = "_file"
VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
PASSWORD = "smtp.password"  # noqa: S105 - the path of the field
#: Fields that are numbers, which a variable's text has to become.
NUMBERS: Mapping[str, type[int | float]] = {"smtp.port": int, "max_concurrency": int, "max_rate": float}


class Expansion:
    """Replaces references in a document by what they stand for, and notes what is wrong with them."""

    def __init__(self, document: Document, environment: Mapping[str, str]) -> None:
        self._document = document
        self._environment = environment
        self.problems: list[Problem] = []

    def files(self) -> dict[str, Any]:
        """The document's data with the texts of files. Their lines are then those of the values."""
        expanded: dict[str, Any] = self._with_files(self._document.data, "")
        return expanded

    def variables(self, data: dict[str, Any]) -> dict[str, Any]:
        """The data with `${VARIABLE}` replaced by its value. A password has to come that way, or from a file."""
        smtp = self._document.data.get("smtp")
        password = smtp.get("password") if isinstance(smtp, dict) else None
        if password is not None and not VARIABLE.fullmatch(str(password)):
            self._note(PASSWORD, "A password does not belong into the file.", "Write ${SMTP_PASSWORD}, and set it.")
        expanded: dict[str, Any] = self._with_variables(data, "")
        return expanded

    def _with_files(self, data: Any, path: str) -> Any:
        if isinstance(data, list):
            return [self._with_files(item, f"{path}[{index}]") for index, item in enumerate(data)]
        if not isinstance(data, dict):
            return data
        expanded: dict[str, Any] = {}
        for name, item in data.items():
            child = f"{path}.{name}" if path else str(name)
            if isinstance(name, str) and name.endswith(FILE_SUFFIX):
                self._put_file(expanded, data, name, child)
            else:
                expanded[name] = item if name in FREE_FORM else self._with_files(item, child)
        return expanded

    def _put_file(self, expanded: dict[str, Any], data: Mapping[str, Any], name: str, path: str) -> None:
        field, field_path = name.removesuffix(FILE_SUFFIX), path.removesuffix(FILE_SUFFIX)
        if field in data:
            self._note(path, f"{field} stands here too.", "Keep one of them.")
            return
        if not isinstance(data[name], str) or not data[name]:
            self._note(path, "The name of a file is needed.")
            return
        file = self._document.folder / data[name]
        try:
            expanded[field] = text_of(file)
        except CommandFailed as failure:
            expanded[field] = ""
            self._note(path, failure.summary)
        else:
            self._document.places.set(field_path, Place(str(file), 1, 1))

    def _with_variables(self, data: Any, path: str) -> Any:
        if isinstance(data, dict):
            return {
                name: self._with_variables(item, f"{path}.{name}" if path else str(name)) for name, item in data.items()
            }
        if isinstance(data, list):
            return [self._with_variables(item, f"{path}[{index}]") for index, item in enumerate(data)]
        if not isinstance(data, str) or not VARIABLE.search(data):
            return data
        return self._value(data, path)

    def _value(self, text: str, path: str) -> str | float:
        missing = [name for name in VARIABLE.findall(text) if not self._environment.get(name)]
        for name in missing:
            self._note(path, f"The environment variable {name} is not set.")
        if missing:
            return NUMBERS.get(path, str)()
        value = VARIABLE.sub(lambda found: self._environment[found[1]], text)
        try:
            return NUMBERS.get(path, str)(value)
        except ValueError:
            # The value stays unsaid: a variable may hold a secret by mistake.
            self._note(path, f"{text} is not a number in this environment.")
            return 0

    def _note(self, path: str, text: str, remedy: str = "") -> None:
        self.problems.append(self._document.places.problem(path, text, remedy=remedy))
