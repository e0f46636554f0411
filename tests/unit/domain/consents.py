"""Consents for the tests of their rules, written as `G:D1 CT:G2`: scope, choice and time."""

from __future__ import annotations

from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.consent.consent import Consent, ConsentChoice, Consents, ConsentScope, by_scope
from hypothesis import strategies as st

CHANNEL = Channel.EMAIL
TOPIC = "newsletter"

SCOPES = {
    "G": ConsentScope(),
    "C": ConsentScope(channel=CHANNEL),
    "T": ConsentScope(topic=TOPIC),
    "CT": ConsentScope(CHANNEL, TOPIC),
}
CHOICES = {"D": ConsentChoice.DENIED, "G": ConsentChoice.GRANTED}


def consent(text: str) -> Consent:
    scope, _, choice = text.partition(":")
    return Consent(SCOPES[scope], CHOICES[choice[0]], int(choice[1:]))


def consents(text: str) -> Consents:
    return by_scope(map(consent, text.split()))


CHANNELS = st.sampled_from(list(Channel))
TOPICS = st.sampled_from([None, TOPIC, "offers"])
ANY_SCOPE = st.builds(ConsentScope, st.none() | CHANNELS, TOPICS)
ANY_CHOICE = st.sampled_from(ConsentChoice)
#: Few instants, so that several choices often share one.
TIMES = st.integers(1, 6)
ANY_CONSENTS = st.lists(st.builds(Consent, ANY_SCOPE, ANY_CHOICE, TIMES), max_size=8).map(by_scope)
