"""Tokens of personal links: what they carry, and what opens them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from clarion_server.adapters.key_ring import KEY_BYTES, KeyRing
from clarion_server.adapters.links.aes_siv import AesSivLinkTokens
from clarion_server.application.ports.link_tokens import TokenDamaged
from clarion_server.domain.category import Category
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.consent.personal_link import LinkKind, PersonalLink
from clarion_server.domain.messages.message import message_id
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from hypothesis import given
from hypothesis import strategies as st

MESSAGE = message_id("0199" + "ab" * 14, 17, 3)
LINK = PersonalLink(
    LinkKind.UNSUBSCRIBE,
    "default",
    Channel.EMAIL,
    MESSAGE,
    "de-AT",
    "email:jane@example.com",
    Category.MARKETING,
    "news",
)
FIRST, SECOND = bytes(range(KEY_BYTES)), bytes(range(1, KEY_BYTES + 1))
TOKENS = AesSivLinkTokens(KeyRing({1: FIRST}))
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
links = st.builds(
    PersonalLink,
    kind=st.sampled_from(LinkKind),
    sandbox=texts,
    channel=st.sampled_from(Channel),
    message_id=st.builds(
        message_id,
        st.binary(min_size=16, max_size=16).map(bytes.hex),
        st.integers(0, 9_999),
        st.integers(0, 9),
    ),
    locale=texts,
    identity=st.one_of(texts, st.text("jé漢", min_size=200, max_size=330)),
    category=st.sampled_from(Category),
    topic=texts,
)


@given(links)
def test_a_token_opens_to_the_link_that_was_sealed(link: PersonalLink) -> None:
    assert TOKENS.open(TOKENS.seal(link)) == link


@pytest.mark.parametrize(
    ("link", "longest"),
    [(LINK, 120), (replace(LINK, identity=f"email:{'x' * 320}", topic="t" * 64, locale="d" * 35), 720)],
    ids=["usual", "longest"],
)
def test_a_token_fits_into_a_url(link: PersonalLink, longest: int) -> None:
    token = TOKENS.seal(link)
    assert len(token) <= longest
    assert set(token) <= set(ALPHABET)


def test_a_token_shows_nothing_of_the_person() -> None:
    one, other = (TOKENS.seal(replace(LINK, identity=f"email:{name}@example.com")) for name in ("jane", "june"))
    # The number of the key and the kind alone are the same.
    assert one[:2] == other[:2]
    assert sum(mine == theirs for mine, theirs in zip(one, other, strict=True)) < len(one) / 3


def test_the_same_link_has_the_same_token() -> None:
    assert TOKENS.seal(LINK) == TOKENS.seal(LINK)


@pytest.mark.parametrize("more", range(3))
def test_no_bit_of_a_token_can_be_changed(more: int) -> None:
    """Not even the bits of the last character that carry nothing: which there are depends on the length."""
    token = TOKENS.seal(replace(LINK, topic="news" + "s" * more))
    for place, character in enumerate(token):
        for bit in range(6):
            changed = ALPHABET[ALPHABET.index(character) ^ 1 << bit]
            with pytest.raises(TokenDamaged):
                TOKENS.open(token[:place] + changed + token[place + 1 :])


@pytest.mark.parametrize(
    "token",
    ["", "A", "AQ", "AQE", "AQEA", "preview", "AQ.E", "AQ E", "AQE=", "ä", "A" * 4, "A" * 10_000, "AQE\n", "\0"],
)
def test_texts_that_were_never_tokens_are_damaged(token: str) -> None:
    with pytest.raises(TokenDamaged):
        TOKENS.open(token)


@pytest.mark.parametrize("cut", [1, 2, 5, 30])
def test_a_token_that_was_cut_or_continued_is_damaged(cut: int) -> None:
    token = TOKENS.seal(LINK)
    for changed in (token[:-cut], token[cut:], token + "A" * cut, token + "=" * cut):
        with pytest.raises(TokenDamaged):
            TOKENS.open(changed)


def test_the_token_of_another_service_is_damaged_though_its_key_has_the_same_number() -> None:
    with pytest.raises(TokenDamaged):
        TOKENS.open(AesSivLinkTokens(KeyRing({1: SECOND})).seal(LINK))


def test_the_kind_of_a_link_cannot_be_exchanged() -> None:
    unsubscribe = TOKENS.seal(LINK)
    preferences = TOKENS.seal(replace(LINK, kind=LinkKind.PREFERENCES))
    with pytest.raises(TokenDamaged):
        TOKENS.open(preferences[:3] + unsubscribe[3:])


def test_a_sandbox_seals_other_tokens_than_its_neighbour_for_the_same_person() -> None:
    token = TOKENS.seal(replace(LINK, sandbox="staging"))
    assert token != TOKENS.seal(LINK)
    assert TOKENS.open(token).sandbox == "staging"


def test_tokens_of_earlier_keys_open_after_two_rotations() -> None:
    third = bytes(range(2, KEY_BYTES + 2))
    rotated = AesSivLinkTokens(KeyRing({3: third, 2: SECOND, 1: FIRST}))
    assert rotated.open(TOKENS.seal(LINK)) == LINK
    assert rotated.open(rotated.seal(LINK)) == LINK
    with pytest.raises(TokenDamaged):
        TOKENS.open(rotated.seal(LINK))


def test_a_key_that_is_added_below_opens_and_does_not_seal() -> None:
    prepared = AesSivLinkTokens(KeyRing({1: FIRST, 2: SECOND}))
    assert prepared.seal(LINK) == TOKENS.seal(LINK)
    assert prepared.open(AesSivLinkTokens(KeyRing({2: SECOND})).seal(LINK)) == LINK


def test_sealing_follows_the_standard() -> None:
    """The vector of RFC 5297 appendix A.1 shows that the library's AES-SIV is the one of the standard."""
    cipher = AESSIV(bytes.fromhex("fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"))
    data = bytes.fromhex("101112131415161718191a1b1c1d1e1f2021222324252627")
    sealed = cipher.encrypt(bytes.fromhex("112233445566778899aabbccddee"), [data])
    assert sealed.hex() == "85632d07c6e8f37f950acd320a2ecc9340c02b9690c4dc04daef7f6afe5c"
