"""Example data for a content: what its templates use, with values that its context schema lets through."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

from clarion_server.adapters.rendering.compiled_action import CompiledAction
from clarion_server.adapters.rendering.content_kind import ContentKinds
from clarion_server.adapters.rendering.environment import ENVIRONMENTS
from clarion_server.adapters.rendering.examples.search import NUMBERS_FIRST, TEXTS_FIRST, ExampleSearch, unpromised
from clarion_server.adapters.rendering.examples.use import Use, uses_of
from clarion_server.adapters.rendering.review.schema_dnf import alternatives
from clarion_server.adapters.rendering.schema_check import EMPTY_OBJECT, JsonSchema
from clarion_server.adapters.rendering.schema_tree import written_out
from clarion_server.adapters.rendering.structure import parsed
from clarion_server.application.ports.content import Example, Personalisation, RenderingFailed
from clarion_server.domain.campaign import CampaignDefinition

__all__ = ["example_of"]

_MOST_CONTEXTS = 10
_MOST_ATTRIBUTES = 50


def example_of(definition: CampaignDefinition, kinds: ContentKinds, identity: str, address: str) -> Example | None:
    """Returns None when no context is found that passes the schema and can be rendered by every action."""
    uses = _uses(definition, kinds)
    contents = [CompiledAction(kinds, definition, index, "example") for index in range(len(definition.actions))]

    def renders(context: Mapping[str, Any], profile: Mapping[str, Any]) -> bool:
        data = Personalisation(context, profile, identity, address, definition.default_locale)
        try:
            for content in contents:
                content.render(data)
        except RenderingFailed:
            return False
        return True

    for context in _contexts(definition.context_schema, uses["context"]):
        if renders(context, {}):
            return Example(context, _profile(context, uses["profile"], renders))
    return None


def _uses(definition: CampaignDefinition, kinds: ContentKinds) -> Mapping[str, Use]:
    """Returns what the templates of all actions use of `context` and of `profile`."""
    contents = [action.content for action in definition.actions]
    parts = [part for content in contents for part in kinds[type(content)].parts(content)]
    trees = [parsed(part.source, ENVIRONMENTS[part.escaping])[0] for part in parts]
    return uses_of([tree for tree in trees if tree is not None])


def _contexts(schema: Mapping[str, Any] | None, use: Use) -> Iterator[dict[str, Any]]:
    schema = EMPTY_OBJECT if schema is None else schema
    check, options = JsonSchema(schema), alternatives(written_out(schema, schema))
    for by_choice in (TEXTS_FIRST, NUMBERS_FIRST):
        found = islice(ExampleSearch(by_choice).values(options, use), _MOST_CONTEXTS)
        yield from (context for context in found if not check.violations(context))


def _profile(
    context: Mapping[str, Any], use: Use, renders: Callable[[Mapping[str, Any], Mapping[str, Any]], bool]
) -> dict[str, Any]:
    """Each attribute that is used, with the first value that the content takes; none may need to be there."""
    profile: dict[str, Any] = {}
    for name, inner in islice(use.members.items(), _MOST_ATTRIBUTES):
        for value in unpromised(inner, name):
            if renders(context, {**profile, name: value}):
                profile[name] = value
                break
    return profile
