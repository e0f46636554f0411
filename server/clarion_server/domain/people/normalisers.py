"""Versions of the normalisers, which make the keys by which people are found.

A key depends on more than our code: Python brings Unicode, and a library the numbering plans. When one of them is
renewed, a stored key may differ from the one that is made of the same text now. So the store keeps what its keys were
made by (`application.key_renewal`).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

from clarion_server.domain.people.identity import Normalisation

#: Says of each normaliser what makes its keys.
NormaliserVersions = Mapping[Normalisation, str]

#: Is raised whenever our own code makes another key of some text. Values that compare exactly have no other key.
_RULES: Mapping[Normalisation, int] = {
    Normalisation.LOWER: 1,
    Normalisation.EMAIL: 1,
    Normalisation.PHONE: 1,
}


def normaliser_versions(phone_library: str) -> NormaliserVersions:
    """Returns the versions of this process. `phone_library` names the library of phone numbers and its version."""
    unicode = f"Unicode {unicodedata.unidata_version}"
    made_by = {Normalisation.LOWER: unicode, Normalisation.EMAIL: unicode, Normalisation.PHONE: phone_library}
    return {name: f"{_RULES[name]}, {library}" for name, library in made_by.items()}
