"""Sources of templates as they are sent, where building makes something else of what the author wrote."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from clarion_server.domain.content.source_places import Stretches
from clarion_server.domain.content.transform import Transform


@dataclass(frozen=True, slots=True)
class BuiltSource:
    """Is what building made of a source."""

    text: str
    lines: tuple[int, ...] = ()
    """Holds the line of each tag in the author's source, without comments and `raw`. Empty: each tag is still in its
    line.
    """
    stretches: Stretches = ()
    """Says where the lines of a source come from that fragments were written into. Empty: it is one author's source."""

    @property
    def digest(self) -> bytes:
        """Returns the digest under which equal sources are stored once."""
        lines = ",".join(map(str, self.lines))
        places = "".join(f"\n{each}" for each in self.stretches)
        return _digest(f"{lines}{places}\n{self.text}")


#: Built sources by the key of what they were made of. A source that building left as it was has no entry.
BuiltSources = Mapping[bytes, BuiltSource]
NOTHING_BUILT: BuiltSources = {}


def source_key(source: str, transform: Transform) -> bytes:
    """Returns what identifies a source and what is to be made of it."""
    return _digest(f"{transform}\n{source}")


def _digest(text: str) -> bytes:
    # Half a surrogate pair is refused by review, which looks at the source later.
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
