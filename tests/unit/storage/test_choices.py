"""The packed choices stay what they are: processes of several versions read the same database."""

from __future__ import annotations

from clarion_server.adapters.storage.people.choices import pack, unpack
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.consent.consent import Consent, ConsentChoice, ConsentScope
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.consents import ANY_CHOICE, ANY_SCOPE

PACKED = '[["DENIED",1764412345678901,7,null,null,true],["GRANTED",1764412345678902,8,"EMAIL","newsletter",false]]'
CHOICES = [
    Consent(ConsentScope(), ConsentChoice.DENIED, 1764412345678901, 7),
    Consent(ConsentScope(Channel.EMAIL, "newsletter"), ConsentChoice.GRANTED, 1764412345678902, 8, is_own_word=False),
]


def test_choices_are_written_and_read_as_they_always_were() -> None:
    assert pack(CHOICES) == PACKED
    assert unpack(PACKED) == CHOICES


def test_a_person_who_never_chose_has_no_choices() -> None:
    assert unpack(None) == ()
    assert unpack(pack([])) == []


@given(st.lists(st.builds(Consent, ANY_SCOPE, ANY_CHOICE, st.integers(0, 2**53), st.integers(0, 2**53))))
def test_choices_survive_the_way_to_the_column_and_back(choices: list[Consent]) -> None:
    assert unpack(pack(choices)) == choices
