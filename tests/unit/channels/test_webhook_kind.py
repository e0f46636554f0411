from __future__ import annotations

import pytest
from clarion_server.adapters.channels.webhook.kind import WebhookKind
from clarion_server.adapters.rendering.content_kind import PartRefused
from clarion_server.adapters.rendering.evaluation.budget import Budget
from clarion_server.domain.content.webhook import BodyFormat, WebhookContent

CONTENT = WebhookContent("{{ context.text }}", BodyFormat.TEXT, headers={"X-Order": "{{ context.order }}"})
TEXTS = {"text": "Your order 😀", "headers.X-Order": "Nº 7"}


def test_texts_beyond_ascii_are_assembled() -> None:
    rendered = WebhookKind().assemble(CONTENT, TEXTS, Budget())
    assert (rendered.body, rendered.headers["X-Order"]) == ("Your order 😀", "Nº 7")


@pytest.mark.parametrize("field", TEXTS)
def test_half_a_surrogate_pair_is_refused_in_every_part(field: str) -> None:
    with pytest.raises(PartRefused, match="half a surrogate pair") as refused:
        WebhookKind().assemble(CONTENT, {**TEXTS, field: "Order \ud83d"}, Budget())
    assert refused.value.field == field
