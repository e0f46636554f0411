"""Validates a trigger without accepting it: decides, explains the decision, and renders what would be sent."""

from __future__ import annotations

import asyncio

from clarion_server.application.campaign_cache import CampaignCache, LiveCampaign
from clarion_server.application.ports.content import RenderingFailed
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.sending.exclusions import ExclusionReader
from clarion_server.application.transactions import Transactions
from clarion_server.application.triggering.accept import AcceptItem, personalisation, read_facts
from clarion_server.application.triggering.explaining import Explainer
from clarion_server.application.triggering.memberships import MembershipReader
from clarion_server.domain.consent.personal_link import SAMPLE_URLS
from clarion_server.domain.errors import InvalidFields
from clarion_server.domain.messages.message import MessageState
from clarion_server.domain.triggering.acceptance import Accepted, Decision, Refused, decide
from clarion_server.domain.triggering.execution import Execution
from clarion_server.domain.triggering.explanation import Explanation
from clarion_server.domain.value import value
from clarion_server.domain.violation import Violation


@value
class Validated:
    """Is the execution that a trigger would become, and why."""

    execution: Execution
    explanation: Explanation | None


class TriggerValidator:
    """Decides about triggers as accepting would, and writes nothing."""

    def __init__(
        self,
        transactions: Transactions,
        campaigns: CampaignCache,
        exclusions: ExclusionReader,
        memberships: MembershipReader,
    ) -> None:
        self._transactions = transactions
        self._campaigns = campaigns
        self._exclusions = exclusions
        self._memberships = memberships

    async def validate(self, item: AcceptItem, live: LiveCampaign) -> Validated | None:
        """Decides about the trigger, and renders what it would send. Returns None when the campaign has changed
        meanwhile: the trigger must be checked again.

        Raises InvalidFields, also for every message that cannot be rendered.
        """
        explainer = Explainer(live, item.inputs)
        decision, explanation = await self._transactions.read(lambda unit: self._decide(unit, item, explainer))
        if isinstance(decision, Refused):
            raise InvalidFields(decision.violations)
        if not isinstance(decision, Accepted):
            return None
        await self._check_renders(decision, item, live)
        return Validated(decision.execution, explanation)

    def _decide(self, unit: UnitOfWork, item: AcceptItem, explainer: Explainer) -> tuple[Decision, Explanation | None]:
        """Returns the decision, and its explanation when it is an acceptance."""
        (trigger,), facts = read_facts(unit, [item], self._exclusions, self._memberships)
        decision = decide(trigger, facts)
        if not isinstance(decision, Accepted):
            return decision, None
        return decision, explainer.explain(unit, trigger, decision, facts)

    async def _check_renders(self, decision: Accepted, item: AcceptItem, live: LiveCampaign) -> None:
        """Raises InvalidFields for every message that cannot be rendered."""
        found = []
        for message in decision.messages:
            if message.state is MessageState.EXCLUDED:
                continue
            # Rendering a thousand mails takes a while: other calls run in between.
            await asyncio.sleep(0)
            data = personalisation(message, item.inputs, decision.attributes)
            locale = message.content_locale.locale
            content = await self._campaigns.content(live.version, message.action_index, locale, message.rule)
            try:
                content.render(data, SAMPLE_URLS)
            except RenderingFailed as error:
                found.append(Violation(f"recipients[{message.recipient_index}]", "RENDERING_FAILED", str(error)))
        if found:
            raise InvalidFields(tuple(found))
