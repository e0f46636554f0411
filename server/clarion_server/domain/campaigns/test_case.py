"""Test cases: data that a campaign is tried with."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from clarion_server.domain import names
from clarion_server.domain.audiences.audience_reference import given_audience_violations
from clarion_server.domain.campaigns.targeting import RULE_ID
from clarion_server.domain.languages.locale_rules import locale_violations
from clarion_server.domain.resource import Resource
from clarion_server.domain.text_rules import MAX_DISPLAY_NAME, line_violations
from clarion_server.domain.violation import Violation, malformed, too_long

#: A campaign has at most this many test cases.
MAX_TEST_CASES = 100
#: The context and the profile of a test case have at most this many octets as JSON.
MAX_CONTEXT, MAX_PROFILE = 64 * 1024, 32 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class TestCase(Resource):
    """Is data that a campaign is tried with. It belongs to a campaign, and to none of its versions."""

    COLLECTION: ClassVar = names.TEST_CASES
    #: pytest would take the class for tests where a module imports it.
    __test__: ClassVar = False

    campaign_id: str = ""
    display_name: str = ""
    context: Mapping[str, Any] = field(default_factory=dict)
    profile: Mapping[str, Any] = field(default_factory=dict)
    rule: str = ""
    """Is the id of the targeting rule whose content the recipient gets, whether it is true or not. Empty stands
    for the first one that is true.
    """
    locale: str = ""
    """Is the locale of the recipient. Empty: the profile's, and when that has none, every locale that an action has
    content in.
    """
    audiences: tuple[str, ...] = ()
    """Holds the ids of those that the recipient belongs to."""

    @property
    def name(self) -> str:
        return names.test_cases_of(self.campaign_id).format(self.id)


def test_case_violations(case: TestCase) -> Iterator[Violation]:
    """Yields all violations, with the field paths of the contract's `TestCase`."""
    yield from line_violations(case.display_name, "display_name", MAX_DISPLAY_NAME)
    if case.locale:
        yield from locale_violations(case.locale, "locale")
    if case.rule and not RULE_ID.fullmatch(case.rule):
        yield malformed("rule", "Must be the id of a rule: 1 to 32 lower-case letters, digits and hyphens.")
    yield from given_audience_violations(case.audiences)
    for name, data, limit in (("context", case.context, MAX_CONTEXT), ("profile", case.profile, MAX_PROFILE)):
        if len(json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")) > limit:
            yield too_long(name, limit, "octets as JSON")
