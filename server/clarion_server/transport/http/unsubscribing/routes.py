"""Answers the requests for `/u/TOKEN`, by which people unsubscribe and choose.

    POST /u/TOKEN            unsubscribes: the one click of mail clients
    GET  /u/TOKEN            asks whether to unsubscribe, or shows the choices if the link is for those
    GET  /u/TOKEN/choices    shows the choices
    POST /u/TOKEN/choices    a form of these pages: unsubscribes, or stores the choices

GET and HEAD change nothing, because scanners open every link of a mail. Nothing is ever redirected, because clients
that unsubscribe do not follow (RFC 8058 section 3.1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from clarion_server.application.personal_links.urls import PREVIEW
from clarion_server.application.ports.link_tokens import LinkTokens, TokenDamaged
from clarion_server.application.unsubscribing.unsubscribing import Choices, Offer, Unsubscribing, text_version_of
from clarion_server.domain.addresses.public_url import PublicUrl
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.consent.personal_link import LinkKind, PersonalLink
from clarion_server.domain.errors import Overloaded, Unavailable
from clarion_server.transport.http.unsubscribing import forms
from clarion_server.transport.http.unsubscribing.limits import RateLimit, network_of
from clarion_server.transport.http.unsubscribing.page import Page, Row, line
from clarion_server.transport.http.unsubscribing.texts import Texts, texts_for_browser, texts_of

_PATH: Final = "/u/"
_CHOICES: Final = "choices"
_WINDOW_SECONDS: Final = 60.0
#: Says how many damaged tokens of one network are answered in a window. Nobody types tokens, so further ones are
#: guesses.
_MOST_DAMAGED: Final = 30
#: Says how often one link is pressed in a window. Links of different people are never counted together, whoever presses
#: them: the large providers press for all their customers from a few addresses.
_MOST_PRESSED: Final = 10
_NOT_FOUND, _METHOD_NOT_ALLOWED, _TOO_LARGE, _TOO_MANY, _INCOMPLETE, _UNAVAILABLE = 404, 405, 413, 429, 400, 503


@dataclass(frozen=True, slots=True)
class _Asked:
    """One request."""

    request: Request
    token: str
    is_for_choices: bool
    texts: Texts

    @property
    def is_press(self) -> bool:
        return self.request.method == "POST"

    def tell(self, name: str, code: int) -> Response:
        """Returns an answer that says just that: a page for people, a line for the programs that click once."""
        if self.is_press and not self.is_for_choices:
            return line(self.texts, self.texts[name], code)
        return Page(self.texts, status=self.texts[name]).response(code)


class UnsubscribeRoutes:
    """Belongs to one process, in whose memory presses are counted."""

    def __init__(self, public_url: PublicUrl, tokens: LinkTokens, unsubscribing: Unsubscribing) -> None:
        self._path = urlsplit(public_url.text).path + _PATH
        self._tokens = tokens
        self._unsubscribing = unsubscribing
        self._damaged = RateLimit(_MOST_DAMAGED, _WINDOW_SECONDS)
        self._pressed = RateLimit(_MOST_PRESSED, _WINDOW_SECONDS)

    @property
    def routes(self) -> list[BaseRoute]:
        # One route takes every path, with and without a slash at its end: Starlette would redirect to the other.
        return [Route(f"{_PATH}{{path:path}}", self._answer, methods=["GET", "POST"])]

    async def _answer(self, request: Request) -> Response:
        token, _, rest = request.path_params["path"].rstrip("/").partition("/")
        # Whose link it is, and so in which language the message was, is known once the token is open.
        browser = texts_for_browser(request.headers.get("accept-language", ""))
        asked = _Asked(request, token, rest == _CHOICES, browser)
        if token.startswith(PREVIEW):
            texts = texts_of(token.removeprefix(PREVIEW))
            return _Asked(request, token, asked.is_for_choices, texts).tell("preview", 200)
        try:
            link = self._tokens.open(token)
        except TokenDamaged:
            return self._refuse(asked)
        if rest not in {"", _CHOICES}:
            return self._refuse(asked)
        return await self._answer_link(_Asked(request, token, asked.is_for_choices, texts_of(link.locale)), link)

    def _refuse(self, asked: _Asked) -> Response:
        client = asked.request.client
        if not self._damaged.count(network_of("" if client is None else client.host)):
            return _later(asked.tell("too_many", _TOO_MANY))
        return asked.tell("damaged", _NOT_FOUND)

    async def _answer_link(self, asked: _Asked, link: PersonalLink) -> Response:
        try:
            if not asked.is_press:
                return await self._show(asked, link)
            body = await forms.read_body(asked.request)
            if not self._pressed.count(asked.token):
                return _later(asked.tell("too_many", _TOO_MANY))
            return await (self._store(asked, link, body) if asked.is_for_choices else self._click(asked, link))
        except forms.BodyTooLong:
            return asked.tell("incomplete", _TOO_LARGE)
        except forms.FormIncomplete:
            return asked.tell("incomplete", _INCOMPLETE)
        except (Overloaded, Unavailable):
            return _later(asked.tell("unavailable", _UNAVAILABLE))

    async def _click(self, asked: _Asked, link: PersonalLink) -> Response:
        """The body does not matter: mail clients send it in every form, or none."""
        if link.kind is not LinkKind.UNSUBSCRIBE:
            response = asked.tell("incomplete", _METHOD_NOT_ALLOWED)
            response.headers["allow"] = "GET, HEAD"
            return response
        topic = await self._unsubscribing.unsubscribe(link)
        return line(asked.texts, _said(asked.texts, "ended", topic, link.channel))

    async def _show(self, asked: _Asked, link: PersonalLink) -> Response:
        choices = await self._unsubscribing.choices(link)
        if asked.is_for_choices or link.kind is LinkKind.PREFERENCES:
            return self._choices_page(asked, choices, "")
        texts = asked.texts
        return Page(
            texts,
            action=self._action(asked),
            question=texts.fill("question", address=choices.address)
            if choices.address
            else texts["question_without_address"],
            consequence=_said(texts, "will_end", choices.ended_topic, choices.channel),
        ).response()

    async def _store(self, asked: _Asked, link: PersonalLink, body: bytes) -> Response:
        form, texts = forms.read_form(body), asked.texts
        if form.action == forms.UNSUBSCRIBE:
            status = _said(texts, "ended", await self._unsubscribing.unsubscribe(link), link.channel)
        elif form.action == forms.NONE:
            await self._unsubscribing.end_marketing(link)
            status = _said(texts, "ended", "", link.channel)
        else:
            await self._unsubscribing.save(link, form.ticks)
            status = texts["saved"]
        return self._choices_page(asked, await self._unsubscribing.choices(link), status)

    def _choices_page(self, asked: _Asked, choices: Choices, status: str) -> Response:
        texts = asked.texts
        return Page(
            texts,
            action=self._action(asked),
            address=choices.address,
            status=status,
            rows=[_row(texts, offer) for offer in choices.offers],
            end_all=texts.fill("end_all", marketing=texts.marketing(choices.channel)),
        ).response()

    def _action(self, asked: _Asked) -> str:
        return f"{self._path}{asked.token}/{_CHOICES}"


def _row(texts: Texts, offer: Offer) -> Row:
    value = offer.topic or forms.OTHERS
    name = offer.display_name or texts["others"]
    version = text_version_of(name, offer.description)
    return Row(value, forms.shown(value, offer.is_sent, version), offer.is_sent, name, offer.description)


def _said(texts: Texts, end: str, topic: str, channel: Channel) -> str:
    """Returns a text about the end of a topic, or of all marketing on the channel when `topic` is empty."""
    if topic:
        return texts.fill(f"topic_{end}", topic=topic)
    return texts.fill(f"all_{end}", marketing=texts.marketing(channel))


def _later(response: Response) -> Response:
    response.headers["retry-after"] = "60"
    return response
