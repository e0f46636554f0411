"""Reads the requests of campaign lists."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from clarion.v1 import campaign_list_pb2 as pb

from clarion_server.application.ports.queries import CampaignQuery, Times
from clarion_server.domain.access.access import Caller
from clarion_server.domain.campaigns.campaign import Campaign
from clarion_server.domain.violation import malformed, too_long, too_many
from clarion_server.transport.api.convert.enums import CAMPAIGN_STATE, CATEGORY, CHANNEL
from clarion_server.transport.api.convert.request_parser import RequestParser
from clarion_server.transport.api.pagination import Page, page_of

#: Holds the fields by which campaigns can be ordered, each with its type and the value of a campaign.
_ORDERS: Mapping[str, tuple[type, Callable[[Campaign], str | int]]] = {
    "name": (str, lambda campaign: campaign.id),
    "create_time": (int, lambda campaign: campaign.create_time),
    "update_time": (int, lambda campaign: campaign.update_time),
}
_DESCENDING = "desc"

MAX_FILTER_TAGS = 100
#: A text to filter by has at most this many characters.
MAX_FILTER_TEXT = 200
#: A filter for this creator means the caller.
_ME = "me"


@dataclass(frozen=True, slots=True)
class CampaignList:
    """Is a page of a list that a caller asks for."""

    query: CampaignQuery
    page: Page

    def position(self, campaign: Campaign) -> tuple[Any, ...]:
        _, value_of = _ORDERS[self.query.order_by]
        return (value_of(campaign), campaign.id)


def to_campaign_list(request: pb.ListCampaignsRequest, caller: Caller) -> CampaignList:
    """Raises InvalidFields or InvalidPageToken."""
    parser = RequestParser()
    order_by, descending = _read_order(parser, request.order_by)
    states = parser.members(CAMPAIGN_STATE, request.states, "states")
    categories = parser.members(CATEGORY, request.categories, "categories")
    channels = parser.members(CHANNEL, request.channels, "channels")
    created, updated = _read_times(parser, request, "create_time"), _read_times(parser, request, "update_time")
    _check_filters(parser, request)
    page = page_of(request, caller, _ORDERS[order_by][0], str, parser=parser)
    query = CampaignQuery(
        caller.visibility,
        states=frozenset(states),
        categories=frozenset(categories),
        channels=frozenset(channels),
        tags=frozenset(request.tags),
        creator=caller.name if request.creator == _ME else request.creator,
        created=created,
        updated=updated,
        text=request.text,
        order_by=order_by,
        descending=descending,
        after=_after(page),
        limit=page.limit,
    )
    return CampaignList(query, page)


def _read_times(parser: RequestParser, request: pb.ListCampaignsRequest, field: str) -> Times:
    bounds = [f"{side}_{field}" for side in ("min", "max")]
    return Times(
        *(
            parser.instant(getattr(request, bound), bound) if request.HasField(bound) else None  # type: ignore[arg-type] # a name that the message has
            for bound in bounds
        )
    )


def _read_order(parser: RequestParser, order_by: str) -> tuple[str, bool]:
    """Returns the field and whether the order is descending."""
    field, _, direction = (order_by or "name").partition(" ")
    if field in _ORDERS and direction in ("", _DESCENDING):
        return field, direction == _DESCENDING
    parser.add(malformed("order_by", f"Must be one of {', '.join(_ORDERS)}, each with an optional ' {_DESCENDING}'."))
    return "name", False


def _check_filters(parser: RequestParser, request: pb.ListCampaignsRequest) -> None:
    if len(request.tags) > MAX_FILTER_TAGS:
        parser.add(too_many("tags", MAX_FILTER_TAGS))
    if len(request.text) > MAX_FILTER_TEXT:
        parser.add(too_long("text", MAX_FILTER_TEXT))
    for index, text in enumerate(request.tags[: MAX_FILTER_TAGS + 1]):
        _check_storable(parser, text, f"tags[{index}]")
    _check_storable(parser, request.text, "text")
    _check_storable(parser, request.creator, "creator")
    if len(request.creator) > MAX_FILTER_TEXT:
        parser.add(too_long("creator", MAX_FILTER_TEXT))


def _check_storable(parser: RequestParser, text: str, field: str) -> None:
    """Adds a violation for NUL, which no stored text has and PostgreSQL refuses in queries too."""
    if "\0" in text:
        parser.add(malformed(field, "Must not contain the character U+0000."))


def _after(page: Page) -> tuple[str | int, str] | None:
    return None if page.after is None else (page.after[0], page.after[1])
