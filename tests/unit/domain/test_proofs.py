"""How a proof is marked."""

from __future__ import annotations

from clarion_server.domain.campaigns.proof import marked
from clarion_server.domain.content.email import RenderedEmail


def test_the_mark_stands_once_whatever_header_fields_the_author_has_set() -> None:
    email = RenderedEmail("Order", "", "x", {"x-clarion-proof": "no", "X-Order": "4711"})
    assert marked(email).headers == {"X-Clarion-Proof": "true", "X-Order": "4711"}
