"""Describes the content of a webhook to rendering and review: its body and header fields."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import orjson

from clarion_server.adapters.rendering.content_kind import Part, PartRefused
from clarion_server.adapters.rendering.evaluation.budget import Budget
from clarion_server.adapters.rendering.review import ReviewFacts
from clarion_server.adapters.rendering.templates.escaping import Escaping
from clarion_server.domain.campaigns.campaign_definition import CampaignDefinition
from clarion_server.domain.content.webhook import BodyFormat, RenderedWebhook, WebhookContent
from clarion_server.domain.finding import Finding

#: Is the largest body.
_MOST_OCTETS = 1 << 20
#: Is the longest value of a header field, in characters. Many servers refuse header sections of more than 8 KiB.
_LONGEST_VALUE = 4_000
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_CONTENT_TYPES = {BodyFormat.JSON: "application/json", BodyFormat.TEXT: "text/plain; charset=utf-8"}


class WebhookKind:
    """Implements `ContentKind`."""

    has_unsubscribe_field = False

    def parts(self, content: WebhookContent) -> list[Part]:
        escaping = Escaping.JSON if content.format is BodyFormat.JSON else Escaping.NONE
        headers = [Part(f"headers.{name}", value) for name, value in content.headers.items()]
        return [Part(content.body_field, content.body, escaping), *headers]

    def with_sources(self, content: WebhookContent, _sources: Mapping[str, str]) -> WebhookContent:
        return content

    def assemble(
        self,
        content: WebhookContent,
        texts: Mapping[str, str],
        _budget: Budget,
        _unsubscribe_url: str = "",
        _locale: str = "",
    ) -> RenderedWebhook:
        body = texts[content.body_field]
        _check_body(content, body)
        headers = {name: _header_value(texts, f"headers.{name}") for name in content.headers}
        return RenderedWebhook(body, {"content-type": _CONTENT_TYPES[content.format], **headers})

    def findings(
        self, _content: WebhookContent, _definition: CampaignDefinition, _facts: ReviewFacts
    ) -> Iterator[Finding]:
        return iter(())

    def rendered_findings(self, _rendered: RenderedWebhook, _content_ids: frozenset[str]) -> Iterator[Finding]:
        return iter(())


def _check_body(content: WebhookContent, body: str) -> None:
    """Raises PartRefused."""
    field = content.body_field
    octets = _encode(field, body)
    if len(octets) > _MOST_OCTETS:
        raise PartRefused(field, f"the result is longer than {_MOST_OCTETS:,} octets")
    if not body.strip():
        raise PartRefused(field, "the result is empty")
    if content.format is BodyFormat.JSON:
        try:
            orjson.loads(octets)
        except orjson.JSONDecodeError as error:
            fault = f"the result is not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
            raise PartRefused(field, fault) from None


def _header_value(texts: Mapping[str, str], field: str) -> str:
    """Returns a header field's value, which must be one line: data after a line break would begin another field."""
    value = texts[field].strip()
    if not value:
        raise PartRefused(field, "the result is empty")
    if _CONTROL.search(value):
        raise PartRefused(field, "the result has a line break or another control character")
    if len(value) > _LONGEST_VALUE:
        raise PartRefused(field, f"the result is longer than {_LONGEST_VALUE:,} characters")
    _encode(field, value)
    return value


def _encode(field: str, text: str) -> bytes:
    """Returns the text in UTF-8. Raises PartRefused."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise PartRefused(field, "the result holds half a surrogate pair") from None
