"""Tests the ConsentService: requests read, answers written."""

from __future__ import annotations

from typing import Any

import pytest
from clarion.v1 import channel_pb2, consent_pb2, silence_pb2
from clarion.v1 import consent_service_pb2 as pb
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.consent.consent import Consent, ConsentChoice, ConsentScope, by_scope
from clarion_server.domain.consent.consent_change import ConsentChange, ConsentSource, Evidence
from clarion_server.domain.errors import InvalidFields
from clarion_server.domain.instant import SECOND
from clarion_server.transport.api.convert.consents import to_consent_change, to_consents, to_set_consents
from clarion_server.transport.grpc.consents import ConsentService
from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.transport.definitions import ids, instants, texts

PROFILE = f"profiles/{'0' * 31}7"
scopes = st.builds(ConsentScope, st.none() | st.sampled_from(Channel), st.none() | ids)
changes = st.builds(
    ConsentChange,
    scopes,
    st.sampled_from(ConsentChoice),
    instants.filter(bool),
    st.sampled_from(ConsentSource),
    st.builds(Evidence, texts, texts, texts, texts, texts, texts),
)


@given(st.lists(changes, max_size=3))
def test_changes_survive_the_way_to_the_wire_and_back(made: list[ConsentChange]) -> None:
    request = pb.SetConsentsRequest(profile=PROFILE, changes=map(to_consent_change, made))
    command = to_set_consents(pb.SetConsentsRequest.FromString(request.SerializeToString()))
    assert command.violations == ()
    assert list(command.changes) == made
    assert command.person.profile_id == PROFILE.partition("/")[2]


def test_what_is_missing_or_unknown_is_told_by_its_path() -> None:
    broken = consent_pb2.ConsentChange(topic="News!", channel=99, time=Timestamp(seconds=-1))  # type: ignore[arg-type] # a caller may send any number
    command = to_set_consents(pb.SetConsentsRequest(changes=[broken]))
    assert {(violation.field, violation.reason) for violation in command.violations} == {
        ("identity", "REQUIRED"),
        ("changes[0].choice", "REQUIRED"),
        ("changes[0].source", "REQUIRED"),
        ("changes[0].channel", "UNKNOWN_VALUE"),
        ("changes[0].topic", "MALFORMED"),
        ("changes[0].time", "OUT_OF_RANGE"),
    }


def test_the_widest_scope_is_shown_first() -> None:
    wanted = [
        ConsentScope(),
        ConsentScope(Channel.EMAIL),
        ConsentScope(Channel.WEBHOOK),
        ConsentScope(topic="a"),
        ConsentScope(topic="b"),
        ConsentScope(Channel.EMAIL, "a"),
    ]
    choices = by_scope(Consent(scope, ConsentChoice.DENIED, SECOND, 7) for scope in reversed(wanted))
    shown = to_consents(choices)
    assert [(consent.channel, consent.topic) for consent in shown] == [
        (0, ""),
        (channel_pb2.CHANNEL_EMAIL, ""),
        (channel_pb2.CHANNEL_WEBHOOK, ""),
        (0, "topics/a"),
        (0, "topics/b"),
        (channel_pb2.CHANNEL_EMAIL, "topics/a"),
    ]
    assert {consent.change for consent in shown} == {"consentChanges/7"}


@pytest.mark.parametrize(
    ("settings", "paths", "fields"),
    [
        ({"silence": silence_pb2.SILENCE_SEND_UNLESS_DENIED}, ["*"], ["consent_settings.name"]),
        ({"name": "consentSettings/1", "silence": 1}, [], ["consent_settings.name"]),
        ({"name": "consentSettings"}, ["silence"], ["consent_settings.silence"]),
        ({"name": "consentSettings", "silence": 99}, ["*"], ["consent_settings.silence"]),
        ({"name": "consentSettings", "silence": 1}, ["update_time"], ["update_mask.paths[0]"]),
    ],
)
async def test_broken_settings_are_refused_with_their_paths(
    settings: dict[str, Any], paths: list[str], fields: list[str]
) -> None:
    request = pb.UpdateConsentSettingsRequest(
        consent_settings=consent_pb2.ConsentSettings(**settings), update_mask=FieldMask(paths=paths)
    )
    with pytest.raises(InvalidFields) as refused:
        await ConsentService(None, None).update_consent_settings(request, None)  # type: ignore[arg-type] # the request is refused before
    assert [violation.field for violation in refused.value.violations] == fields
