"""Lists the names that conditions can use, with their types."""

from __future__ import annotations

from collections.abc import Mapping

from cel_expr_python import cel

ATTRIBUTES = "profile.attributes"
CONSENT = "consent"
#: Holds the names beside those of attributes.
VARIABLES: Mapping[str, cel.Type] = {
    "profile.locale": cel.Type.STRING,
    "profile.time_zone": cel.Type.STRING,
    "profile.create_time": cel.Type.TIMESTAMP,
    "now": cel.Type.TIMESTAMP,
}
