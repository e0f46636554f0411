"""Says what rules can name."""

from __future__ import annotations

from collections.abc import Mapping

PROFILE, CONTEXT = "profile", "context"
#: Holds the largest values, in bytes of JSON: see `application.triggering.admission`.
SIZES: Mapping[str, int] = {PROFILE: 32 * 1024, CONTEXT: 200 * 1024}
IDENTITY, ADDRESS, LOCALE = "recipient.identity", "recipient.address", "recipient.locale"
#: Is the function that asks whether the recipient belongs to an audience.
AUDIENCE = "audience"
#: Texts of the recipient.
TEXTS = (IDENTITY, ADDRESS, LOCALE)
#: Is the most elements of a list or map that a loop goes through.
MAX_ELEMENTS = 1_000
#: The highest cost of a rule, of which many are evaluated for a trigger: 10 ms.
MAX_COST = 1_200_000
