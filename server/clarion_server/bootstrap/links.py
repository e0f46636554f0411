"""Wires the links in mails by which recipients unsubscribe. Loads no cryptography where there are none."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from clarion_server.application.personal_links.keys import LinkKeysMissing, keep_link_keys
from clarion_server.application.personal_links.urls import PersonalLinks
from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.link_tokens import LinkKeyRing, LinkTokens
from clarion_server.application.transactions import Transactions
from clarion_server.bootstrap.start_failures import CannotStart
from clarion_server.config import Settings
from clarion_server.domain.public_url import PublicUrl, parse_public_url

if TYPE_CHECKING:
    from clarion_server.adapters.links.key_ring import KeyRing


@dataclass(frozen=True, slots=True)
class Links:
    public_url: PublicUrl
    tokens: LinkTokens
    ring: LinkKeyRing
    of_messages: PersonalLinks


def wire_links(settings: Settings) -> Links | None:
    """Returns None where no links are made. Raises CannotStart."""
    public_url = parse_public_url(settings.public_url)
    if public_url is None or settings.link_keys is None:
        return None
    from clarion_server.adapters.links.aes_siv import AesSivLinkTokens  # noqa: PLC0415 - only when asked for

    ring = _read(settings.link_keys)
    tokens = AesSivLinkTokens(ring)
    return Links(public_url, tokens, ring, PersonalLinks(public_url, tokens))


def _read(file: Path) -> KeyRing:
    from clarion_server.adapters.links.key_ring import KeyRingInvalid, read_key_ring  # noqa: PLC0415 - see above

    try:
        return read_key_ring(file)
    except KeyRingInvalid as error:
        raise CannotStart(f"Cannot use the link keys in {file}: {error}") from error
    except OSError as error:
        raise CannotStart(f"Cannot read the link keys in {file}: {error.strerror or error}.") from error


async def record_link_keys(transactions: Transactions, links: Links | None, clock: Clock) -> None:
    """Raises CannotStart when links that were sent could not be opened, and Unavailable."""
    try:
        await keep_link_keys(transactions, None if links is None else links.ring, clock)
    except LinkKeysMissing as error:
        raise CannotStart(_fault(error)) from error


def _fault(error: LinkKeysMissing) -> str:
    faults = [f"lack the key {number}" for number in error.missing]
    faults += [f"have another key under the number {number}" for number in error.differing]
    return (
        f"Links in mails that were sent would no longer open: the link keys {' and '.join(faults)}."
        " Set CLARION_PUBLIC_URL, and CLARION_LINK_KEYS to a file with every key that has sealed links."
    )
