"""The content of one campaign version, compiled: subject, HTML, text and headers of an e-mail."""

from __future__ import annotations

import re
from typing import Any

from babel import Locale

from clarion_server.adapters.rendering.budget import Budget
from clarion_server.adapters.rendering.environment import HTML, TEXT, ContentEnvironment
from clarion_server.adapters.rendering.locales import locale_of
from clarion_server.adapters.rendering.template import CompiledTemplate
from clarion_server.adapters.rendering.values import RenderRefused
from clarion_server.application.ports.content import Personalisation, RenderedEmail, RenderingFailed
from clarion_server.domain.campaign import CampaignDefinition, EmailContent

FIELD = "actions[0].email"

_LONGEST_LINE = 998
"""Characters of a header field's value (RFC 5322, section 2.1.1)."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def sources(email: EmailContent) -> list[tuple[str, str, ContentEnvironment]]:
    """The templates of an e-mail: the field of each, its source, and how its values are escaped."""
    parts = [("subject", email.subject, TEXT), ("html", email.html, HTML), ("text", email.text, TEXT)]
    parts += [(f"headers.{name}", value, TEXT) for name, value in email.headers.items()]
    return [(f"{FIELD}.{name}", source, kind) for name, source, kind in parts if source]


class CompiledEmail:
    """Safe to share between tasks: rendering changes nothing here."""

    __slots__ = ("_campaign", "_default_locale", "_headers", "_html", "_subject", "_text")

    def __init__(self, definition: CampaignDefinition, campaign_id: str) -> None:
        email = definition.action.email
        self._campaign = {"name": f"campaigns/{campaign_id}", "display_name": definition.display_name}
        self._default_locale = definition.default_locale
        self._subject = CompiledTemplate(f"{FIELD}.subject", email.subject, TEXT)
        self._html = CompiledTemplate(f"{FIELD}.html", email.html, HTML) if email.html else None
        self._text = CompiledTemplate(f"{FIELD}.text", email.text, TEXT) if email.text else None
        self._headers = {
            name: CompiledTemplate(f"{FIELD}.headers.{name}", source, TEXT) for name, source in email.headers.items()
        }

    def render(self, personalisation: Personalisation) -> RenderedEmail:
        """Raises RenderingFailed."""
        locale = locale_of(personalisation.locale, self._default_locale)
        variables = self._variables(personalisation)
        budget = Budget()
        html = self._html.render(variables, locale, budget) if self._html else ""
        return RenderedEmail(
            subject=_line(self._subject, variables, locale, budget),
            html=html,
            text=self._text.render(variables, locale, budget) if self._text else _derived_text(html, budget),
            headers={name: _line(template, variables, locale, budget) for name, template in self._headers.items()},
        )

    def _variables(self, personalisation: Personalisation) -> dict[str, Any]:
        return {
            **TEXT.globals,
            "context": dict(personalisation.context),
            "profile": dict(personalisation.profile),
            "recipient": {
                "identity": personalisation.identity,
                "address": personalisation.address,
                "locale": personalisation.locale,
            },
            "campaign": self._campaign,
        }


def _line(template: CompiledTemplate, variables: dict[str, Any], locale: Locale, budget: Budget) -> str:
    """A header field's value: one line, for a line break would let data write header fields of its own."""
    line = template.render(variables, locale, budget).strip()
    if not line:
        raise RenderingFailed(template.field, 0, "the result is empty")
    if _CONTROL.search(line):
        raise RenderingFailed(template.field, 0, "the result has a line break or another control character")
    if len(line) > _LONGEST_LINE:
        raise RenderingFailed(template.field, 0, f"the result is longer than {_LONGEST_LINE} characters")
    return line


def _derived_text(html: str, budget: Budget) -> str:
    # Imported when the first message needs it: the HTML parser takes time and memory that many services never need.
    from clarion_server.adapters.rendering.plain_text import plain_text  # noqa: PLC0415  (see above)

    try:
        return plain_text(html, budget)
    except RenderRefused as refused:
        raise RenderingFailed(f"{FIELD}.html", 0, str(refused)) from None
