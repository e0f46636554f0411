"""The rules that an API key must satisfy to be stored."""

from __future__ import annotations

from collections.abc import Sequence

from clarion_server.domain.access.access import Scope
from clarion_server.domain.access_labels import label_name_violations
from clarion_server.domain.names import is_sandbox
from clarion_server.domain.text_rules import display_name_violations, repetition_violations
from clarion_server.domain.violation import Violation, malformed, required


def key_violations(
    display_name: str, scopes: Sequence[Scope], sandbox: str, access_labels: Sequence[str] = ()
) -> list[Violation]:
    """Returns all violations, with the field paths of the contract's `ApiKey`."""
    found = [*display_name_violations(display_name), *repetition_violations(scopes, "scopes")]
    if not scopes:
        found.append(required("scopes"))
    if not is_sandbox(sandbox):
        found.append(
            malformed("sandbox", "Must be 1 to 63 lower-case letters, digits and hyphens, beginning with a letter.")
        )
    return [*found, *label_name_violations(access_labels)]
