"""Tests the pages and the one click of unsubscribing, over HTTP and on a real store."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from typing import Any

import aiohttp
import pytest
from clarion_server.adapters.key_ring import KEY_BYTES, KeyRing
from clarion_server.adapters.links.aes_siv import AesSivLinkTokens
from clarion_server.application.transactions import Transactions
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.consent.personal_link import LinkKind, PersonalLink
from clarion_server.transport.http.unsubscribing import UnsubscribeRoutes
from clarion_server.transport.http.unsubscribing.texts import texts_of

from tests.fakes import FaultyStore
from tests.integration.http.raw import serving
from tests.unit.application.links import PUBLIC_URL, TOKENS
from tests.unit.application.unsubscribing import add_topics, history, link, topic, unsubscribing
from tests.unit.application.world import World

LANGUAGES = ("en", "de", "fr", "es", "ja", "ko")
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Answer:
    code: int
    headers: dict[str, str]
    """Have their names in lower case."""
    text: str


@dataclass(frozen=True)
class Site:
    world: World
    store: FaultyStore
    base: str
    session: aiohttp.ClientSession

    async def ask(self, method: str, path: str, **options: Any) -> Answer:
        async with self.session.request(method, self.base + path, allow_redirects=False, **options) as response:
            headers = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status, headers, await response.text())

    async def get(self, path: str) -> Answer:
        return await self.ask("GET", path)

    async def press(self, path: str, **fields: Any) -> Answer:
        return await self.ask("POST", path, data=fields)


@pytest.fixture
def world() -> Iterator[World]:
    with closing(World()) as made:
        yield made


@pytest.fixture
async def site(world: World) -> AsyncIterator[Site]:
    """Belongs to a sandbox with two public topics."""
    await add_topics(world, topic("news", display_name="News & <b>more</b>"), topic("offers", description="Each week"))
    store = FaultyStore(world.store)
    transactions = Transactions(store)
    routes = UnsubscribeRoutes(PUBLIC_URL, TOKENS, unsubscribing(world, transactions)).routes
    async with serving([], routes) as port, aiohttp.ClientSession() as session:
        yield Site(world, store, f"http://127.0.0.1:{port}", session)
    transactions.close()


def path_of(of: PersonalLink | None = None) -> str:
    return f"/u/{TOKENS.seal(of or link(locale='en'))}"


PREFERENCES = link(kind=LinkKind.PREFERENCES, locale="en")


class _Fields(HTMLParser):
    """Collects what a browser would send of each form, by the buttons that send it."""

    def __init__(self) -> None:
        super().__init__()
        self.action = ""
        self.fields: list[tuple[str, str]] = []
        self.buttons: dict[str, str] = {}
        self.labels: list[str] = []
        self._in_label = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.action = given["action"]
        elif tag == "input" and (given["type"] == "hidden" or "checked" in given):
            self.fields.append((given["name"], given["value"]))
        elif tag == "button":
            self.buttons[given["value"]] = given["name"]
        self._in_label = tag == "label"

    def handle_data(self, data: str) -> None:
        if self._in_label:
            self.labels.append(data)
            self._in_label = False


def read(page: Answer) -> _Fields:
    parser = _Fields()
    parser.feed(page.text)
    return parser


def ticked(page: Answer) -> set[str]:
    return {value for name, value in read(page).fields if name == "wanted"}


async def save(site: Site, page: Answer, wanted: set[str], action: str = "save") -> Answer:
    form = read(page)
    shown = [(name, value) for name, value in form.fields if name == "shown"]
    fields = [*shown, *(("wanted", each) for each in sorted(wanted)), (form.buttons[action], action)]
    return await site.ask("POST", form.action, data=fields)


def status_of(page: Answer) -> str:
    (said,) = re.findall(r'role="status">(.*?)</p>', page.text)
    return str(said)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", [path_of(), path_of() + "/choices", path_of(PREFERENCES)])
async def test_looking_changes_nothing(site: Site, method: str, path: str) -> None:
    before = site.world.store.commit_version()
    for _ in range(20):
        assert (await site.ask(method, path)).code == 200
    assert site.world.store.commit_version() == before


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (b"List-Unsubscribe=One-Click", FORM),
        (
            b'--x\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n',
            "multipart/form-data; boundary=x",
        ),
        (b"List-Unsubscribe=One-Click", "text/plain"),
        (b"", None),
        (bytes(range(256)) * 12, "application/octet-stream"),
    ],
    ids=["urlencoded", "multipart", "plain", "empty", "noise"],
)
async def test_one_click_works_whatever_its_body_is(site: Site, body: bytes, media_type: str | None) -> None:
    headers = {} if media_type is None else {"content-type": media_type}
    for _ in range(2):
        answer = await site.ask("POST", path_of(), data=body, headers=headers, skip_auto_headers=["content-type"])
        assert (answer.code, answer.headers["content-type"]) == (200, "text/plain; charset=utf-8")
        assert answer.text == "You no longer get “News & <b>more</b>”.\n"
    assert len(await history(site.world)) == 1


@pytest.mark.parametrize("suffix", ["", "/", "//", "/choices", "/choices/", "/choices//", "/nothing", "/choices/more"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
async def test_nothing_is_ever_redirected(site: Site, method: str, suffix: str) -> None:
    headers = {"x-forwarded-proto": "https", "x-forwarded-host": "mail.example.com", "host": "inside:8080"}
    for path in (path_of(), path_of(PREFERENCES), "/u/preview-en", "/u/broken", "/u/"):
        assert not 300 <= (await site.ask(method, path + suffix, headers=headers)).code < 400


@pytest.mark.parametrize("suffix", ["", "/"])
async def test_a_slash_at_the_end_does_not_matter(site: Site, suffix: str) -> None:
    assert (await site.ask("POST", path_of() + suffix)).code == 200
    assert (await site.get(path_of() + "/choices" + suffix)).code == 200
    assert len(await history(site.world)) == 1


async def test_the_page_asks_and_its_button_answers(site: Site) -> None:
    page = await site.get(path_of())
    assert "Unsubscribe j•••@example.com?" in page.text
    assert "You will no longer get “News &amp; &lt;b&gt;more&lt;/b&gt;”." in page.text
    form = read(page)
    assert (form.action, form.buttons, form.fields) == (path_of() + "/choices", {"unsubscribe": "action"}, [])
    answer = await site.press(form.action, action="unsubscribe")
    assert answer.code == 200
    assert status_of(answer) == "You no longer get “News &amp; &lt;b&gt;more&lt;/b&gt;”."
    assert ticked(answer) == {"offers", "*"}


async def test_choices_are_stored_and_shown(site: Site) -> None:
    page = await site.get(path_of(PREFERENCES))
    assert read(page).labels == ["News & <b>more</b>", "Offers", "Other offers and news"]
    assert ticked(page) == {"news", "offers", "*"}
    saved = await save(site, page, {"offers"})
    assert status_of(saved) == "Your choices are stored."
    assert ticked(saved) == ticked(await site.get(path_of(PREFERENCES))) == {"offers"}
    back = await save(site, saved, {"news", "offers"})
    assert ticked(back) == {"news", "offers"}
    grant = (await history(site.world))[-1]
    assert (grant.scope.topic, len(grant.evidence.text_version)) == ("news", 16)


async def test_the_way_out_of_everything_is_one_button(site: Site) -> None:
    page = await site.get(path_of() + "/choices")
    ended = await save(site, page, ticked(page), "none")
    assert status_of(ended) == "You no longer get marketing e-mails."
    assert ticked(ended) == set()


async def test_a_page_that_is_behind_shows_what_is_stored(site: Site) -> None:
    first = second = await site.get(path_of(PREFERENCES))
    assert ticked(await save(site, first, {"offers", "*"})) == {"offers", "*"}
    assert ticked(await save(site, second, {"news", "*"})) == {"*"}


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_pages_speak_the_language_of_the_message(site: Site, language: str) -> None:
    texts = texts_of(language)
    page = await site.get(path_of(link(locale=f"{language}-XX", topic="")))
    assert f'<html lang="{language}">' in page.text
    assert page.headers["content-language"] == language
    assert texts.fill("question", address="j•••@example.com") in page.text
    click = await site.ask("POST", path_of(link(locale=language, topic="")))
    assert click.text == texts.fill("all_ended", marketing=texts.marketing(Channel.EMAIL)) + "\n"
    choices = await site.get(path_of(link(locale=language)) + "/choices")
    assert texts["save"] in choices.text


async def test_a_language_without_texts_is_answered_in_english(site: Site) -> None:
    assert "Unsubscribe j•••@example.com?" in (await site.get(path_of(link(locale="eo")))).text


@pytest.mark.parametrize("path", [path_of(), path_of() + "/choices", "/u/broken", "/u/preview-de"])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_pages_are_neither_kept_nor_framed_nor_found_nor_scripted(site: Site, method: str, path: str) -> None:
    headers = (await site.ask(method, path, data={"action": "save"})).headers
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-robots-tag"] == "noindex"
    assert headers["x-content-type-options"] == "nosniff"
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["form-action"] == "'self'"
    assert "set-cookie" not in headers


@pytest.mark.parametrize("page", [path_of(), path_of() + "/choices", "/u/broken"])
async def test_a_page_loads_and_runs_nothing(site: Site, page: str) -> None:
    text = (await site.get(page)).text
    assert not re.findall(r"<script|<img|<link|\son\w+=|https?://|url\(|@import|javascript:|http-equiv", text)


async def test_a_damaged_link_stores_and_tells_nothing(site: Site) -> None:
    token = TOKENS.seal(link(locale="en"))
    changed = token[:-1] + ("A" if token[-1] != "A" else "B")
    before = site.world.store.commit_version()
    for method in ("GET", "POST"):
        for path in (f"/u/{changed}", f"/u/{changed}/choices", f"/u/{token[:-3]}", "/u/", f"/u/{token}/nothing"):
            answer = await site.ask(method, path, data={"action": "unsubscribe"})
            assert answer.code == 404
            assert "example.com" not in answer.text
            assert "News" not in answer.text
    assert site.world.store.commit_version() == before


async def test_a_damaged_link_is_told_in_the_language_of_the_browser_and_looks_like_no_success(site: Site) -> None:
    answer = await site.ask("GET", "/u/broken", headers={"accept-language": "de-AT, en;q=0.5"})
    assert "Dieser Link ist unvollständig" in status_of(answer)
    assert 'class="status refusal"' in answer.text
    stored = await site.ask("POST", path_of() + "/choices", data={"action": "none"}, headers={"accept-language": "de"})
    assert stored.headers["content-language"] == "en"
    assert 'class="status"' in stored.text


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("suffix", ["", "/choices"])
async def test_the_links_of_a_preview_change_nothing(site: Site, method: str, suffix: str) -> None:
    before = site.world.store.commit_version()
    answer = await site.ask(method, f"/u/preview-de-AT{suffix}", data={"action": "none"})
    assert answer.code == 200
    assert "Dies ist eine Vorschau" in answer.text
    assert site.world.store.commit_version() == before


async def test_a_press_on_a_link_for_choices_unsubscribes_nobody(site: Site) -> None:
    answer = await site.ask("POST", path_of(PREFERENCES), data=b"List-Unsubscribe=One-Click")
    assert (answer.code, answer.headers["allow"]) == (405, "GET, HEAD")
    assert await history(site.world) == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"action=erase",
        b"action=save",
        b"action=save&shown=news",
        b"action=save&shown=news%2Bzz",
        b"\xff\xfe",
        b"a=1&" * 400,
    ],
)
async def test_a_form_that_is_incomplete_stores_nothing(site: Site, body: bytes) -> None:
    answer = await site.ask("POST", path_of() + "/choices", data=body, headers={"content-type": FORM})
    assert answer.code == 400
    assert status_of(answer) == "The form arrived incomplete, and nothing was stored. Please try again."
    assert await history(site.world) == []


@pytest.mark.parametrize("suffix", ["", "/choices"])
async def test_a_body_that_is_too_long_stores_nothing(site: Site, suffix: str) -> None:
    assert (await site.ask("POST", path_of() + suffix, data=b"x" * 20_000)).code == 413
    assert await history(site.world) == []


async def test_a_form_of_a_hundred_topics_is_taken(site: Site) -> None:
    await add_more(site.world)
    page = await site.get(path_of(PREFERENCES))
    assert len(read(page).labels) == 101
    assert ticked(await save(site, page, ticked(page) - {"news"})) == ticked(page) - {"news"}


async def add_more(world: World) -> None:
    """Fills the sandbox with topics of the longest names that there are."""

    def add(unit: Any) -> None:
        for number in range(98):
            unit.topics.add(topic(f"{number:02d}-{'x' * 60}"))

    await world.transactions.write(add)


async def test_a_link_works_after_its_message_its_campaign_and_its_key_are_gone(world: World) -> None:
    """No message, no campaign and no topic of the link is stored, and two keys have come since."""
    path = path_of(link(topic="gone"))
    newer = {number: bytes([number]) * KEY_BYTES for number in (3, 2)}
    rotated = AesSivLinkTokens(KeyRing({**newer, 1: bytes(range(KEY_BYTES))}))
    routes = UnsubscribeRoutes(PUBLIC_URL, rotated, unsubscribing(world)).routes
    async with serving([], routes) as port, aiohttp.ClientSession() as session:
        answer = await Site(world, FaultyStore(world.store), f"http://127.0.0.1:{port}", session).ask("POST", path)
    assert answer.code == 200
    assert len(await history(world)) == 1


async def test_while_the_store_is_away_clients_are_asked_to_come_again(site: Site) -> None:
    for method, suffix, form in (("POST", "", {}), ("POST", "/choices", {"action": "none"})):
        site.store.failures = 1
        answer = await site.ask(method, path_of() + suffix, data=form)
        assert (answer.code, answer.headers["retry-after"]) == (503, "60")
        assert await history(site.world) == []
    assert (await site.ask("POST", path_of())).code == 200
    assert len(await history(site.world)) == 1


async def test_the_large_providers_may_press_for_all_their_customers(site: Site) -> None:
    """One address presses the links of different people far more often than one person would."""
    links = [path_of(replace(link(), identity=f"email:r{number}@example.com")) for number in range(300)]
    answers = [answer.code for answer in await asyncio.gather(*(site.ask("POST", each) for each in links))]
    assert answers == [200] * 300


async def test_one_link_is_pressed_ten_times_a_minute_at_most(site: Site) -> None:
    answers = [await site.ask("POST", path_of()) for _ in range(12)]
    assert [answer.code for answer in answers] == [200] * 10 + [429] * 2
    assert answers[-1].headers["retry-after"] == "60"
    assert (await site.get(path_of())).code == 200


async def test_guesses_are_limited_and_good_links_go_on(site: Site) -> None:
    answers = [(await site.get(f"/u/guess-{number}")).code for number in range(50)]
    assert answers == [404] * 30 + [429] * 20
    assert (await site.get(path_of())).code == 200
    assert (await site.ask("POST", path_of())).code == 200


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
async def test_other_methods_are_refused(site: Site, method: str) -> None:
    assert (await site.ask(method, path_of())).code == 405
    assert await history(site.world) == []
