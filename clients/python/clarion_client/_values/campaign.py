"""Campaigns, their versions, and what review and preview say of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from clarion_client._values.enums import CampaignState, Category, InDoubtPolicy, Severity
from clarion_client._values.kinds import ResourceName
from clarion_client._values.value import Value


@dataclass(frozen=True, slots=True)
class Mailbox(Value):
    """An e-mail address with the name that is shown for it."""

    address: str
    display_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailContent(Value):
    """The content of an e-mail, as Jinja2 templates. `from_` is the visible sender (`from` in files)."""

    subject: str
    html: str = ""
    text: str = ""
    from_: Mailbox | None = None
    reply_to: Mailbox | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Action(Value):
    """One channel, how to send on it, and what to send."""

    channel_configuration: Annotated[str, ResourceName("channelConfigurations")]
    email: EmailContent | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule(Value):
    """The time in which a campaign accepts triggers: from `start_time` on, until before `end_time`."""

    start_time: dt.datetime | None = None
    end_time: dt.datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign(Value):
    """A message that is defined once and then sent with one call. The fields from `state` on are the service's to
    write, but for `etag`: an update that carries it is refused when somebody else changed the campaign in between.
    """

    name: Annotated[str, ResourceName("campaigns")] = ""
    display_name: str = ""
    description: str = ""
    tags: Sequence[str] = ()
    category: Category | None = None
    default_locale: str = ""
    identity_namespace: str = ""
    actions: Sequence[Action] = ()
    context_schema: Mapping[str, Any] | None = None
    schedule: Schedule | None = None
    in_doubt_policy: InDoubtPolicy | None = None
    rapid: bool = False
    state: CampaignState | None = None
    live_version: int = 0
    draft_pending: bool = False
    etag: str = ""
    create_time: dt.datetime | None = None
    update_time: dt.datetime | None = None
    activate_time: dt.datetime | None = None
    creator: str = ""
    updater: str = ""
    activator: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignVersion(Value):
    """An immutable snapshot of a campaign, made at activation."""

    campaign: str
    version: int
    snapshot: Campaign
    create_time: dt.datetime
    creator: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding(Value):
    """One thing that review found. `code` is stable; `line` counts from 1, 0 when there is none."""

    severity: Severity
    code: str
    field: str = ""
    line: int = 0
    message: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Review(Value):
    """What review found, errors first. `activatable` when none is an error."""

    findings: Sequence[Finding]
    activatable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Activation(Value):
    """The activated campaign, and the warnings that review found."""

    campaign: Campaign
    findings: Sequence[Finding]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop(Value):
    """The stopped campaign, and how many messages were queued or being handed off at that moment."""

    campaign: Campaign
    queued_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedEmail(Value):
    """An e-mail with every value in its place."""

    from_: Mailbox
    reply_to: Mailbox | None
    subject: str
    html: str
    text: str
    headers: Mapping[str, str]
