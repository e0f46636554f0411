"""Wires the links in mails by which recipients unsubscribe. Loads no cryptography where there are none."""

from __future__ import annotations

from dataclasses import dataclass

from clarion_server.application.key_rings import KeysMissing, keep_keys
from clarion_server.application.personal_links.urls import PersonalLinks
from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.key_rings import KeyRing
from clarion_server.application.ports.link_tokens import LinkTokens
from clarion_server.application.transactions import Transactions
from clarion_server.bootstrap.key_rings import read_ring
from clarion_server.bootstrap.start_failures import CannotStart
from clarion_server.config import Settings
from clarion_server.domain.addresses.public_url import PublicUrl, parse_public_url


@dataclass(frozen=True, slots=True)
class Links:
    public_url: PublicUrl
    tokens: LinkTokens
    ring: KeyRing
    of_messages: PersonalLinks


def wire_links(settings: Settings) -> Links | None:
    """Returns None where no links are made. Raises CannotStart."""
    public_url = parse_public_url(settings.public_url)
    if public_url is None or settings.link_keys is None:
        return None
    from clarion_server.adapters.links.aes_siv import AesSivLinkTokens  # noqa: PLC0415 - only when asked for

    ring = read_ring(settings.link_keys, "link keys")
    tokens = AesSivLinkTokens(ring)
    return Links(public_url, tokens, ring, PersonalLinks(public_url, tokens))


async def record_link_keys(transactions: Transactions, links: Links | None, clock: Clock) -> None:
    """Raises CannotStart when links that were sent could not be opened, and Unavailable."""
    ring = None if links is None else links.ring
    try:
        await keep_keys(transactions, lambda unit: unit.link_keys, ring, clock)
    except KeysMissing as error:
        raise CannotStart(
            f"Links in mails that were sent would no longer open: the link keys {error.fault}."
            " Set CLARION_PUBLIC_URL, and CLARION_LINK_KEYS to a file with every key that has sealed links."
        ) from error
