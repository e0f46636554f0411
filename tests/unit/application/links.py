"""Provides the links of recipients in all worlds."""

from __future__ import annotations

from clarion_server.adapters.key_ring import KEY_BYTES, KeyRing
from clarion_server.adapters.links.aes_siv import AesSivLinkTokens
from clarion_server.application.personal_links.urls import PersonalLinks
from clarion_server.domain.addresses.public_url import PublicUrl

PUBLIC_URL = PublicUrl("https://mail.example.com")
TOKENS = AesSivLinkTokens(KeyRing({1: bytes(range(KEY_BYTES))}))
LINKS = PersonalLinks(PUBLIC_URL, TOKENS)
