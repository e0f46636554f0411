"""Lists of campaigns: filters, orders and pages."""

from __future__ import annotations

from dataclasses import replace

import pytest
from clarion_server.application.ports.queries import CampaignQuery, TagUse, Times
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.domain.access.access import Visibility
from clarion_server.domain.campaign_states import CampaignState
from clarion_server.domain.campaigns.campaign import Campaign
from clarion_server.domain.category import Category
from clarion_server.domain.channel_kind import Channel

from tests.contract.store import samples
from tests.contract.store.given import a_campaign

QUERY = CampaignQuery(samples.VISIBILITY)


def ids(work: UnitOfWork, query: CampaignQuery) -> list[str]:
    return [campaign.id for campaign in work.campaigns.page(query)]


def described(work: UnitOfWork, campaign_id: str, display_name: str = "-", description: str = "") -> None:
    a_campaign(work, campaign_id, of=samples.definition(display_name=display_name, description=description))


def walk(work: UnitOfWork, query: CampaignQuery) -> list[Campaign]:
    """Returns all pages, each read after the last campaign of the one before, as page tokens do."""
    walked: list[Campaign] = []
    while page := work.campaigns.page(query):
        walked += page
        last = page[-1]
        order_field = last.id if query.order_by == "name" else getattr(last, query.order_by)
        query = replace(query, after=(order_field, last.id))
    return walked


def test_a_list_shows_whole_campaigns_of_its_sandbox_only(work: UnitOfWork) -> None:
    here = a_campaign(work)
    a_campaign(work, sandbox="staging")
    assert work.campaigns.page(QUERY) == [here]
    assert work.campaigns.page(CampaignQuery(Visibility("empty"))) == []


def test_campaigns_are_listed_by_name_by_default(work: UnitOfWork) -> None:
    for campaign_id in ("b", "a-1", "c", "a"):
        a_campaign(work, campaign_id)
    assert ids(work, QUERY) == ["a", "a-1", "b", "c"]
    assert ids(work, replace(QUERY, descending=True)) == ["c", "b", "a-1", "a"]


@pytest.mark.parametrize("order_by", ["create_time", "update_time"])
def test_campaigns_are_listed_by_a_time(work: UnitOfWork, order_by: str) -> None:
    for campaign_id, time in (("late", 30), ("early", 4), ("middle", 20)):
        a_campaign(work, campaign_id, **{order_by: time})
    query = replace(QUERY, order_by=order_by)
    assert ids(work, query) == ["early", "middle", "late"]
    assert ids(work, replace(query, descending=True)) == ["late", "middle", "early"]


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("order_by", ["name", "create_time", "update_time"])
def test_pages_neither_repeat_nor_miss_even_where_times_are_equal(
    work: UnitOfWork, order_by: str, descending: bool
) -> None:
    for number in range(12):
        a_campaign(work, f"c{number * 5 % 12:02}", create_time=number // 5, update_time=7)
    for limit in (1, 2, 3, 7, 50):
        walked = walk(work, replace(QUERY, order_by=order_by, descending=descending, limit=limit))
        assert sorted(campaign.id for campaign in walked) == [f"c{number:02}" for number in range(12)], limit
        order = [getattr(campaign, "id" if order_by == "name" else order_by) for campaign in walked]
        assert order == sorted(order, reverse=descending), limit


def test_a_page_goes_on_after_a_campaign_that_is_gone(work: UnitOfWork) -> None:
    made = [a_campaign(work, campaign_id) for campaign_id in ("a", "b", "c")]
    work.campaigns.delete(made[1], samples.NOW)
    assert ids(work, replace(QUERY, after=("b", "b"))) == ["c"]


def test_states_are_alternatives_and_archived_campaigns_are_listed_when_asked_for(work: UnitOfWork) -> None:
    for state in CampaignState:
        a_campaign(work, state.value.lower(), state=state)
    assert ids(work, replace(QUERY, states=frozenset({CampaignState.LIVE}))) == ["live"]
    assert ids(work, replace(QUERY, states=frozenset({CampaignState.ARCHIVED}))) == ["archived"]
    assert ids(work, QUERY) == sorted(
        state.value.lower() for state in CampaignState if state is not CampaignState.ARCHIVED
    )
    either = frozenset({CampaignState.STOPPED, CampaignState.DRAFT})
    assert ids(work, replace(QUERY, states=either)) == ["draft", "stopped"]


def test_categories_are_alternatives(work: UnitOfWork) -> None:
    for campaign_id, category in (("m", Category.MARKETING), ("t", Category.TRANSACTIONAL), ("none", None)):
        a_campaign(work, campaign_id, of=samples.definition(category=category))
    assert ids(work, replace(QUERY, categories=frozenset({Category.MARKETING}))) == ["m"]
    assert ids(work, replace(QUERY, categories=frozenset(Category))) == ["m", "t"]


def test_one_of_the_tags_is_enough_and_a_tag_is_whole(work: UnitOfWork) -> None:
    for campaign_id, tags in (("ab", ("a", "b")), ("bc", ("b", "c")), ("other", ('"a"', "ab", "a,b", "%")), ("no", ())):
        a_campaign(work, campaign_id, tags=tags)
    assert ids(work, replace(QUERY, tags=frozenset({"a"}))) == ["ab"]
    assert ids(work, replace(QUERY, tags=frozenset({"a", "c"}))) == ["ab", "bc"]
    assert ids(work, replace(QUERY, tags=frozenset({"%", '"'}))) == ["other"]


def test_tags_are_found_in_any_case(work: UnitOfWork) -> None:
    a_campaign(work, "c", tags=("Bücher",))
    assert ids(work, replace(QUERY, tags=frozenset({"BÜCHER"}))) == ["c"]


def test_tags_are_listed_with_how_many_campaigns_have_them(work: UnitOfWork) -> None:
    a_campaign(work, "a", tags=("Orders", "b"))
    a_campaign(work, "b", tags=("orders",), state=CampaignState.STOPPED)
    a_campaign(work, "old", tags=("Orders", "old"), state=CampaignState.ARCHIVED)
    a_campaign(work, "elsewhere", sandbox="staging", tags=("theirs",))
    assert work.campaigns.tags(samples.VISIBILITY, None, 10) == [TagUse("b", 1), TagUse("Orders", 2)]
    assert work.campaigns.tags(samples.VISIBILITY, None, 1) == [TagUse("b", 1)]
    assert work.campaigns.tags(samples.VISIBILITY, "b", 10) == [TagUse("Orders", 2)]


def test_channels_are_alternatives(work: UnitOfWork) -> None:
    email, webhook = samples.definition().actions
    for campaign_id, actions in (("both", (email, webhook)), ("mail", (email,)), ("hook", (webhook,))):
        a_campaign(work, campaign_id, of=samples.definition(actions=actions))
    assert ids(work, replace(QUERY, channels=frozenset({Channel.EMAIL}))) == ["both", "mail"]
    assert ids(work, replace(QUERY, channels=frozenset({Channel.EMAIL, Channel.WEBHOOK}))) == ["both", "hook", "mail"]


def test_campaigns_are_found_by_who_created_them(work: UnitOfWork) -> None:
    a_campaign(work, "mine", creator="apiKeys/7", updater="apiKeys/8")
    a_campaign(work, "theirs", creator="apiKeys/8", updater="apiKeys/7")
    assert ids(work, replace(QUERY, creator="apiKeys/7")) == ["mine"]


def test_bounds_of_a_time_are_inclusive(work: UnitOfWork) -> None:
    for campaign_id, time in (("a", 4), ("b", 5), ("c", 6), ("d", 7)):
        a_campaign(work, campaign_id, create_time=time, update_time=time + 10)
    assert ids(work, replace(QUERY, created=Times(5, 6))) == ["b", "c"]
    assert ids(work, replace(QUERY, created=Times(earliest=6))) == ["c", "d"]
    assert ids(work, replace(QUERY, updated=Times(latest=14))) == ["a"]
    assert ids(work, replace(QUERY, updated=Times(16, 16))) == ["c"]


def test_a_campaign_with_several_wanted_tags_is_listed_once(work: UnitOfWork) -> None:
    a_campaign(work, "ab", tags=("a", "b"))
    assert ids(work, replace(QUERY, tags=frozenset({"a", "b"}))) == ["ab"]


def test_a_changed_campaign_is_listed_by_its_new_tags(work: UnitOfWork) -> None:
    draft = a_campaign(work, "c", tags=("old",))
    work.campaigns.save(replace(draft, revision=2, tags=("new",)))
    assert ids(work, replace(QUERY, tags=frozenset({"old"}))) == []
    assert ids(work, replace(QUERY, tags=frozenset({"new"}))) == ["c"]


def test_text_is_found_in_id_display_name_and_description(work: UnitOfWork) -> None:
    described(work, "summer-sale")
    described(work, "b", display_name="The summer is here")
    described(work, "c", description="when summer ends")
    described(work, "winter")
    assert ids(work, replace(QUERY, text="summer")) == ["b", "c", "summer-sale"]


def test_text_is_found_in_any_case_of_ascii_letters_alone(work: UnitOfWork) -> None:
    described(work, "a", display_name="Été À PARIS")
    assert ids(work, replace(QUERY, text="pArIs")) == ["a"]
    assert ids(work, replace(QUERY, text="Été à")) == []


@pytest.mark.parametrize("text", ["%", "_", "\\", "'", "5*", "[a]"])
def test_every_character_of_a_text_stands_for_itself(work: UnitOfWork, text: str) -> None:
    described(work, "plain", display_name="50 off")
    described(work, "sign", display_name=f"5{text}0 off {text}")
    assert ids(work, replace(QUERY, text=text)) == ["sign"]


def test_all_filters_of_a_list_must_hold(work: UnitOfWork) -> None:
    wanted = samples.definition(category=Category.MARKETING, display_name="Sale")
    for campaign_id, definition, state, tag in (
        ("all", wanted, CampaignState.LIVE, "a"),
        ("state", wanted, CampaignState.DRAFT, "a"),
        ("category", replace(wanted, category=Category.TRANSACTIONAL), CampaignState.LIVE, "a"),
        ("tag", wanted, CampaignState.LIVE, "b"),
        ("text", replace(wanted, display_name="Other"), CampaignState.LIVE, "a"),
    ):
        a_campaign(work, campaign_id, of=definition, state=state, tags=(tag,))
    query = replace(
        QUERY,
        states=frozenset({CampaignState.LIVE}),
        categories=frozenset({Category.MARKETING}),
        tags=frozenset({"a"}),
        text="sale",
    )
    assert ids(work, query) == ["all"]
    assert ids(work, replace(query, after=("all", "all"))) == []
