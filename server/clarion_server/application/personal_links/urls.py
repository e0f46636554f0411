"""Makes the links in a mail by which its recipient unsubscribes or chooses."""

from __future__ import annotations

from typing import Final

from clarion_server.application.ports.link_tokens import LinkTokens
from clarion_server.domain.addresses.public_url import PublicUrl
from clarion_server.domain.consent.personal_link import SAMPLE_URLS, LinkKind, PersonalLink, PersonalUrls
from clarion_server.domain.messages.message import Message

#: Stands before a locale in place of a token, in links that belong to nobody.
PREVIEW: Final = "preview-"


class PersonalLinks:
    def __init__(self, public_url: PublicUrl, tokens: LinkTokens) -> None:
        self._start = _start(public_url)
        self._tokens = tokens

    def urls(self, message: Message) -> PersonalUrls:
        return PersonalUrls(self._url(LinkKind.UNSUBSCRIBE, message), self._url(LinkKind.PREFERENCES, message))

    def _url(self, kind: LinkKind, message: Message) -> str:
        link = PersonalLink(
            kind,
            message.action.sandbox,
            message.action.channel,
            message.id,
            message.content_locale.locale,
            message.identity,
            message.action.category,
            message.action.topic or "",
        )
        return self._start + self._tokens.seal(link)


def preview_urls(public_url: PublicUrl | None, locale: str) -> PersonalUrls:
    """Returns links that lead to the page in the language of the locale, and change nothing."""
    if public_url is None:
        return SAMPLE_URLS
    url = f"{_start(public_url)}{PREVIEW}{locale}"
    return PersonalUrls(url, url)


def _start(public_url: PublicUrl) -> str:
    return f"{public_url.text}/u/"
