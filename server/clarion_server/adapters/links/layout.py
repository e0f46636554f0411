"""The layout of a personal link in the sealed part of its token.

    message: execution, recipient, action | category | sandbox | channel | locale | topic | identity

Numbers are written in groups of seven bits, the lowest first, each group but the last with its top bit set. A text has
its length in bytes before it; the last one reaches to the end. The execution's id is sixteen bytes, and the category
the first letter of its name.
"""

from __future__ import annotations

from clarion_server.domain.category import Category
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.consent.personal_link import LinkKind, PersonalLink
from clarion_server.domain.messages.message import execution_id_of, message_id, positions_of

_EXECUTION_BYTES = 16
_GROUP_BITS = 7
_MORE = 1 << _GROUP_BITS
_CATEGORIES = {category[:1].encode(): category for category in Category}


def pack(link: PersonalLink) -> bytes:
    """Returns the link's bytes, without its kind."""
    recipient, action = positions_of(link.message_id)
    return b"".join(
        (
            bytes.fromhex(execution_id_of(link.message_id)),
            _number(recipient),
            _number(action),
            link.category[:1].encode(),
            _text(link.sandbox),
            _text(link.channel),
            _text(link.locale),
            _text(link.topic),
            link.identity.encode(),
        )
    )


def unpack(kind: LinkKind, packed: bytes) -> PersonalLink:
    """Raises ValueError for bytes that `pack` does not write."""
    reader = _Reader(packed)
    message = message_id(reader.take(_EXECUTION_BYTES).hex(), reader.number(), reader.number())
    category = _CATEGORIES[reader.take(1)]
    sandbox, channel, locale, topic = (reader.text() for _ in range(4))
    return PersonalLink(kind, sandbox, Channel(channel), message, locale, reader.rest().decode(), category, topic)


def _number(number: int) -> bytes:
    groups = bytearray()
    while number >= _MORE:
        groups.append(number % _MORE | _MORE)
        number >>= _GROUP_BITS
    groups.append(number)
    return bytes(groups)


def _text(text: str) -> bytes:
    encoded = text.encode()
    return _number(len(encoded)) + encoded


class _Reader:
    def __init__(self, packed: bytes) -> None:
        self._packed = packed
        self._at = 0

    def take(self, count: int) -> bytes:
        taken = self._packed[self._at : self._at + count]
        if len(taken) < count:
            raise ValueError("The bytes end too early.")
        self._at += count
        return taken

    def rest(self) -> bytes:
        return self._packed[self._at :]

    def text(self) -> str:
        return self.take(self.number()).decode()

    def number(self) -> int:
        number = shift = 0
        while (group := self.take(1)[0]) & _MORE:
            number |= (group - _MORE) << shift
            shift += _GROUP_BITS
        return number | group << shift
