"""Campaign definitions and channel settings of every valid shape, for properties."""

from __future__ import annotations

from dataclasses import replace

from clarion_server.domain.campaigns.campaign_definition import (
    Action,
    ActionMode,
    CampaignDefinition,
    ContentVariant,
    InDoubtPolicy,
    Schedule,
    ThroughputMode,
    UnknownRecipientPolicy,
)
from clarion_server.domain.category import Category
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.channels.channel import ChannelConfiguration
from clarion_server.domain.channels.retry import RetryPolicy
from clarion_server.domain.consent.consent import Silence
from clarion_server.domain.consent.topic import OneClick, Topic, TopicTranslation, TopicVisibility
from clarion_server.domain.content.email import EmailContent, Mailbox, SmtpProvider, TlsMode
from clarion_server.domain.content.webhook import BodyFormat, Method, WebhookContent, WebhookProvider
from clarion_server.domain.instant import LATEST
from clarion_server.domain.sending_policies.frequency_cap import LONGEST, MAX_COUNT, CalendarPeriod, FrequencyCap
from clarion_server.domain.sending_policies.quiet_hours import MINUTES_OF_DAY, WallInterval, Weekday
from clarion_server.domain.sending_policies.sending_policy import SendingPolicy, TimeZoneSource, WhenClosed
from clarion_server.domain.sending_policies.sending_rate import RatePeriod, SendingRate
from hypothesis import strategies as st

texts = st.text(max_size=20)
some_text = st.text(min_size=1, max_size=20)
ids = st.from_regex(r"[a-z]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True)
instants = st.integers(0, LATEST)
spans = st.integers(0, 10**15)
mailboxes = st.builds(Mailbox, texts, texts)
categories = st.sampled_from(Category)

#: Says what a google.protobuf.Struct can carry: its numbers are doubles, and whole ones come back as integers.
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False).filter(lambda number: not number.is_integer())
    | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)

emails = st.builds(
    EmailContent,
    subject=texts,
    html=texts,
    text=texts,
    sender=st.none() | mailboxes,
    reply_to=st.none() | mailboxes,
    headers=st.dictionaries(texts, texts, max_size=3),
)

webhooks, webhook_variants = (
    st.builds(
        WebhookContent,
        body=texts,
        format=st.sampled_from(BodyFormat),
        method=methods,
        headers=st.dictionaries(texts, texts, max_size=3),
    )
    for methods in (st.sampled_from(Method), st.none() | st.sampled_from(Method))
)

variants = st.lists(st.builds(ContentVariant, texts, emails | webhook_variants), max_size=2).map(tuple)
fallbacks = st.dictionaries(texts, st.lists(texts, max_size=2).map(tuple), max_size=2)

definitions = st.builds(
    CampaignDefinition,
    display_name=texts,
    category=st.none() | categories,
    actions=st.lists(st.builds(Action, some_text, ids, emails | webhooks, variants), max_size=2).map(tuple),
    description=texts,
    default_locale=some_text,
    identity_namespace=some_text,
    context_schema=st.none() | st.dictionaries(texts, json_values, max_size=3),
    schedule=st.builds(Schedule, st.none() | instants, st.none() | instants),
    in_doubt_policy=st.sampled_from(InDoubtPolicy),
    rapid=st.booleans(),
    action_mode=st.sampled_from(ActionMode),
    unknown_recipient_policy=st.sampled_from(UnknownRecipientPolicy),
    throughput_mode=st.sampled_from(ThroughputMode),
    topic=st.none() | ids,
    sending_policy=st.none() | ids,
    locale_fallbacks=fallbacks,
    translations=st.dictionaries(texts, st.dictionaries(texts, texts | st.dictionaries(texts, texts)), max_size=2),
    allow_untranslated=st.booleans(),
    rate=st.none() | st.builds(SendingRate, st.integers(0, 10**6), st.none() | st.sampled_from(RatePeriod)),
)

wall_intervals = st.lists(
    st.builds(
        WallInterval,
        st.integers(0, MINUTES_OF_DAY - 1),
        st.integers(0, MINUTES_OF_DAY),
        st.lists(st.sampled_from(Weekday), min_size=1, max_size=7).map(tuple),
    ),
    max_size=3,
).map(tuple)

_frequency_caps = st.builds(
    FrequencyCap,
    count=st.integers(1, MAX_COUNT),
    channels=st.lists(st.sampled_from(Channel), max_size=2).map(tuple),
    categories=st.lists(st.sampled_from(Category), min_size=1, max_size=2).map(tuple),
)
frequency_caps = st.one_of(
    st.builds(replace, _frequency_caps, sliding=st.integers(1, LONGEST), topic=st.none() | ids),
    st.builds(replace, _frequency_caps, period=st.sampled_from(CalendarPeriod), tag=st.none() | some_text),
)

sending_policies = st.builds(
    SendingPolicy,
    sandbox=st.just(""),
    id=st.just(""),
    display_name=texts,
    time_zone=texts,
    create_time=st.just(0),
    update_time=st.just(0),
    categories=st.lists(st.sampled_from(Category), min_size=1, max_size=2).map(tuple),
    quiet_hours=wall_intervals,
    send_windows=wall_intervals,
    time_zone_source=st.sampled_from(TimeZoneSource),
    when_closed=st.sampled_from(WhenClosed),
    caps=st.lists(frequency_caps, max_size=3).map(tuple),
    rate=st.floats(0, 100_000),
)

smtp_providers = st.builds(
    SmtpProvider,
    host=texts,
    port=st.integers(1, 65_535),
    sender=mailboxes,
    tls_mode=st.sampled_from(TlsMode),
    ca_certificates=texts,
    username=texts,
    reply_to=st.none() | mailboxes,
    timeout=spans,
    ehlo_name=texts,
    client_certificate=texts,
)

webhook_providers = st.builds(
    WebhookProvider,
    url=texts,
    timeout=spans,
    ca_certificates=texts,
    client_certificate=texts,
    allow_private_addresses=st.booleans(),
)

configurations = st.builds(
    ChannelConfiguration,
    sandbox=st.just(""),
    id=st.just(""),
    display_name=texts,
    provider=smtp_providers | webhook_providers,
    create_time=st.just(0),
    update_time=st.just(0),
    categories=st.lists(categories, max_size=2).map(tuple),
    disabled=st.booleans(),
    retry_policy=st.builds(RetryPolicy, spans, spans, spans),
    max_concurrency=st.integers(1, 1_000),
    max_rate=st.floats(0, 100_000),
)

topics = st.builds(
    Topic,
    sandbox=st.just(""),
    id=st.just(""),
    display_name=texts,
    create_time=st.just(0),
    update_time=st.just(0),
    description=texts,
    default_locale=some_text,
    translations=st.lists(st.builds(TopicTranslation, texts, texts, texts), max_size=3).map(tuple),
    visibility=st.sampled_from(TopicVisibility),
    one_click=st.sampled_from(OneClick),
    silence=st.none() | st.sampled_from(Silence),
)
