"""The content of one action of a campaign version, compiled."""

from __future__ import annotations

from typing import Any

from clarion_server.adapters.rendering.budget import Budget
from clarion_server.adapters.rendering.content_kind import ContentKinds, PartRefused, content_field
from clarion_server.adapters.rendering.environment import ENVIRONMENTS, GLOBALS
from clarion_server.adapters.rendering.inline_images import INLINE_IMAGE, InlineImages
from clarion_server.adapters.rendering.locales import locale_of
from clarion_server.adapters.rendering.structure import PREFERENCES_URL, UNSUBSCRIBE_URL, URLS
from clarion_server.adapters.rendering.template import CompiledTemplate
from clarion_server.application.ports.content import Attachments, Personalisation, RenderingFailed
from clarion_server.domain.campaign import CampaignDefinition
from clarion_server.domain.content import Rendered
from clarion_server.domain.personal_link import PersonalUrls


class CompiledAction:
    """Implements `CompiledContent`: rendering changes nothing here."""

    __slots__ = (
        "_campaign",
        "_content",
        "_default_locale",
        "_field",
        "_functions",
        "_has_unsubscribe_field",
        "_kind",
        "_templates",
        "needs_urls",
        "reads_profile",
    )

    def __init__(
        self,
        kinds: ContentKinds,
        definition: CampaignDefinition,
        action_index: int,
        campaign_id: str,
        attachments: Attachments,
    ) -> None:
        """Raises ContentInvalid."""
        self._content = definition.actions[action_index].content
        self._kind = kinds[type(self._content)]
        self._field = content_field(definition, action_index)
        self._campaign = {"name": f"campaigns/{campaign_id}", "display_name": definition.display_name}
        self._default_locale = definition.default_locale
        self._functions = {**GLOBALS, INLINE_IMAGE: InlineImages(self._content, attachments)}
        parts = list(self._kind.parts(self._content))
        self._templates = {
            part.field: CompiledTemplate(f"{self._field}.{part.field}", part.source, ENVIRONMENTS[part.escaping])
            for part in parts
        }
        self._has_unsubscribe_field = self._kind.has_unsubscribe_field and definition.offers_unsubscribing
        # A template cannot name a variable without its word.
        self.reads_profile = any("profile" in part.source for part in parts)
        self.needs_urls = self._has_unsubscribe_field or any(name in part.source for part in parts for name in URLS)

    def render(self, personalisation: Personalisation, urls: PersonalUrls | None = None) -> Rendered:
        """Raises RenderingFailed."""
        locale = locale_of(personalisation.locale, self._default_locale)
        variables = self._variables(personalisation)
        if urls is not None:
            variables[UNSUBSCRIBE_URL], variables[PREFERENCES_URL] = urls.unsubscribe, urls.preferences
        unsubscribe_url = urls.unsubscribe if urls is not None and self._has_unsubscribe_field else ""
        budget = Budget()
        texts = {field: template.render(variables, locale, budget) for field, template in self._templates.items()}
        try:
            return self._kind.assemble(self._content, texts, budget, unsubscribe_url)
        except PartRefused as refused:
            raise RenderingFailed(f"{self._field}.{refused.field}", 0, refused.detail) from None

    def _variables(self, personalisation: Personalisation) -> dict[str, Any]:
        return {
            **self._functions,
            "context": dict(personalisation.context),
            "profile": dict(personalisation.profile),
            "recipient": {
                "identity": personalisation.identity,
                "address": personalisation.address,
                "locale": personalisation.locale,
            },
            "campaign": self._campaign,
        }
