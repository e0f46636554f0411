"""Defines the URL at which people reach the service from outside."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from clarion_server.domain.addresses.host import is_loopback

#: A public URL has at most this many characters. Some mail clients do not take links of more than 800.
MAX_PUBLIC_URL = 200

_FORM = re.compile(r"https?://([a-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?(/[A-Za-z0-9._~-]+)*", re.ASCII)


@dataclass(frozen=True, slots=True)
class PublicUrl:
    text: str
    """Without a slash at its end."""

    @property
    def is_https(self) -> bool:
        return self.text.startswith("https:")


def parse_public_url(text: str) -> PublicUrl | None:
    """Returns None for a URL that cannot be in mails: HTTP without TLS is for trials on one machine alone."""
    url = PublicUrl(text.removesuffix("/"))
    if len(url.text) > MAX_PUBLIC_URL or not _FORM.fullmatch(url.text):
        return None
    host = urlsplit(url.text).hostname or ""
    return url if url.is_https or is_loopback(host) else None
