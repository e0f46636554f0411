"""Defines the names by which templates include and extend fragments, such as `fragments/button` and
`fragments/button@3`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from clarion_server.domain.names import FRAGMENTS

_NAME = re.compile(rf"fragments/({FRAGMENTS.id_pattern})(?:@([1-9][0-9]{{0,8}}))?")
_TAG = re.compile(r"""\{%[-+]?\s*(?:include|extends)\s*(?:"([^"]*)"|'([^']*)')""")


@dataclass(frozen=True, slots=True, order=True)
class FragmentReference:
    """Is the fragment that a template means."""

    fragment_id: str
    version: int = 0
    """0 stands for the newest published one when the campaign is activated."""

    def __str__(self) -> str:
        name = FRAGMENTS.format(self.fragment_id)
        return f"{name}@{self.version}" if self.version else name


def read_reference(name: str) -> FragmentReference | None:
    """Returns the fragment that a name means; None when it is the name of none."""
    found = _NAME.fullmatch(name)
    return None if found is None else FragmentReference(found[1], int(found[2] or 0))


def references_in(source: str) -> list[FragmentReference]:
    """Returns the fragments that the tags of a template name, each once. Some may stand in a comment."""
    found = (read_reference(double or single) for double, single in _TAG.findall(source))
    return list(dict.fromkeys(reference for reference in found if reference is not None))
