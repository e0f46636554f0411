"""Says what conditions can name, and the types of these."""

from __future__ import annotations

from collections.abc import Mapping

from cel_expr_python import cel

ATTRIBUTES = "profile.attributes"
CONSENT = "consent"
#: Beside the attributes.
VARIABLES: Mapping[str, cel.Type] = {
    "profile.locale": cel.Type.STRING,
    "profile.time_zone": cel.Type.STRING,
    "profile.create_time": cel.Type.TIMESTAMP,
    "now": cel.Type.TIMESTAMP,
}
