"""Tests a campaign in several languages: each recipient gets one of them, as decided when the trigger was accepted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from clarion_server.application.campaigns.preview import Preview, PreviewCampaign
from clarion_server.application.ports.channels import PermanentFailure
from clarion_server.application.triggering.admission import RecipientInput
from clarion_server.domain.campaign_states import CampaignState
from clarion_server.domain.campaigns.campaign_definition import Action, ActionMode, ContentVariant
from clarion_server.domain.content.email import EmailContent, RenderedEmail
from clarion_server.domain.content.webhook import WebhookContent, WebhookProvider
from clarion_server.domain.errors import ReviewFailed
from clarion_server.domain.languages.content_locale import LocaleChoice, LocaleReason
from clarion_server.domain.messages.attempt import Failure, FailureReason
from clarion_server.domain.messages.message import MessageState

from tests.fakes import Provider
from tests.unit.application.compiler import RememberingCompiler
from tests.unit.application.recipients_with_profiles import stored
from tests.unit.application.running import Process, messages, recipient, recipients, until
from tests.unit.application.world import AUTHOR, World

ENGLISH = EmailContent("Your order", "<html><p>Thank you: {{ 1234.5 | number }}</p></html>", headers={"X-Shop": "a"})
GERMAN = ContentVariant("de", EmailContent("Ihre Bestellung", "<html><p>Danke: {{ 1234.5 | number }}</p></html>"))
ARABIC = ContentVariant("ar", EmailContent("طلبك", "<html><body><table><tr><td>شكرا</td></tr></table></body></html>"))
MAIL = Action("email", "orders", ENGLISH, (GERMAN, ARABIC))

SPEAKERS = {
    "de": LocaleChoice("de", LocaleReason.EXACT),
    "de-AT": LocaleChoice("de", LocaleReason.PARENT),
    "de_CH.UTF-8": LocaleChoice("de", LocaleReason.PARENT),
    "ar-EG": LocaleChoice("ar", LocaleReason.SAME),
    "fr": LocaleChoice("en", LocaleReason.DEFAULT),
    "en-US": LocaleChoice("en", LocaleReason.SAME),
    "C": LocaleChoice("en", LocaleReason.EXACT),
    "": LocaleChoice("en", LocaleReason.EXACT),
}


def speaker(locale: str) -> RecipientInput:
    return recipient(f"email:{(locale or 'none').partition('.')[0].lower()}@example.com", locale=locale)


async def sent(world: World, *to: RecipientInput) -> dict[str, RenderedEmail]:
    """Returns the mails by their addresses."""
    provider = Provider()
    process = Process(world, provider=provider)
    async with process.sending():
        await process.trigger(*to)
        await until(lambda: len(messages(world, MessageState.SENT)) == len(to))
    mails = {}
    for outbound in provider.taken:
        assert isinstance(outbound.rendered, RenderedEmail)
        mails[outbound.address] = outbound.rendered
    return mails


async def test_each_recipient_gets_a_language_and_the_message_says_why(world: World) -> None:
    await world.live(actions=(MAIL,))
    mails = await sent(world, *map(speaker, SPEAKERS))
    found = {message.address: message.content_locale for message in messages(world).values()}
    assert found == {speaker(locale).identity.partition(":")[2]: choice for locale, choice in SPEAKERS.items()}
    assert {address: mail.locale for address, mail in mails.items()} == {
        address: choice.locale for address, choice in found.items()
    }


async def test_the_language_of_the_profile_is_that_of_every_channel(world: World) -> None:
    await world.channel()
    await world.channel("hooks", provider=WebhookProvider("https://example.com/hook"))
    german = ContentVariant("de", WebhookContent('{"said": "Danke"}'))
    hook = Action("hook", "hooks", WebhookContent('{"said": "Thank you"}'), (german,))
    await world.live(actions=(MAIL, hook))
    await stored(world, "email:ann@example.com", locale="de")
    provider = Provider()
    process = Process(world, provider=provider)
    async with process.sending():
        await process.trigger(recipient("email:ann@example.com"))
        await until(lambda: len(messages(world, MessageState.SENT)) == 2)
    assert {message.content_locale.locale for message in messages(world).values()} == {"de"}
    assert sorted(type(outbound.rendered).__name__ for outbound in provider.taken) == [
        "RenderedEmail",
        "RenderedWebhook",
    ]
    assert all("Danke" in str(outbound.rendered) for outbound in provider.taken)


async def test_a_text_that_one_language_lacks_stops_the_activation(world: World) -> None:
    await world.channel()
    texts = {"en": {"thanks": "Thank you"}, "de": {"thanks": "Danke"}, "fr": {}}
    content = EmailContent("{{ t('thanks') }}", "<p>{{ t('thanks') }}</p>")
    await world.draft(actions=(Action("email", "orders", content),), translations=texts)
    with pytest.raises(ReviewFailed) as refused:
        await world.activate()
    assert {each.code.value for each in refused.value.findings} == {"TRANSLATION_MISSING"}
    assert all("'thanks'" in each.message and "'fr'" in each.message for each in refused.value.findings)
    assert (await world.authoring.get("order-confirmed", AUTHOR)).state is CampaignState.DRAFT


async def test_numbers_have_the_region_of_the_person_and_the_language_of_the_content(world: World) -> None:
    await world.live(actions=(MAIL,))
    mails = await sent(world, speaker("de-CH"), speaker("fr"), speaker("en-GB"))
    assert mails["de-ch@example.com"].html == '<html lang="de" dir="ltr"><p>Danke: 1\u2019234.5</p></html>'
    assert mails["fr@example.com"].html == '<html lang="en" dir="ltr"><p>Thank you: 1,234.5</p></html>'
    assert mails["en-gb@example.com"].html == mails["fr@example.com"].html


async def test_right_to_left_is_said_where_gmail_reads_it_too(world: World) -> None:
    await world.live(actions=(MAIL,))
    (mail,) = (await sent(world, speaker("ar"))).values()
    assert mail.html.startswith('<html lang="ar" dir="rtl"><body><table dir="rtl" style="direction:rtl"><tr>')


async def test_fields_without_words_come_from_the_default_content(world: World) -> None:
    await world.live(actions=(MAIL,))
    (mail,) = (await sent(world, speaker("de"))).values()
    assert mail.headers == {"X-Shop": "a"}


async def test_the_language_of_the_profile_counts_when_the_trigger_brings_none(world: World) -> None:
    second = replace(MAIL, id="second", variants=(GERMAN,))
    await world.live(actions=(MAIL, second))
    process = Process(world)
    await process.trigger(recipient(profile={"locale": "de"}))
    assert {message.content_locale.locale for message in messages(world).values()} == {"de"}
    assert len(messages(world)) == 2
    await process.close()


async def test_a_variant_takes_what_it_leaves_empty_from_its_own_language(world: World) -> None:
    austrian = ContentVariant("de-AT", EmailContent("Ihre Bestellung, gnädige Frau"))
    british = ContentVariant("en-GB", EmailContent("", text="Cheers"))
    await world.live(actions=(replace(MAIL, variants=(austrian, GERMAN, british)),))
    mails = await sent(world, speaker("de-AT"), speaker("en-GB"))
    mail = mails["de-at@example.com"]
    assert (mail.subject, mail.html.partition(": ")[0]) == (
        "Ihre Bestellung, gnädige Frau",
        '<html lang="de-AT" dir="ltr"><p>Danke',
    )
    assert (mails["en-gb@example.com"].subject, mails["en-gb@example.com"].text) == ("Your order", "Cheers")


async def test_a_follow_up_has_the_language_that_was_chosen_when_the_trigger_was_accepted(world: World) -> None:
    second = replace(MAIL, id="second", variants=(GERMAN,))
    await world.live(actions=(MAIL, second), action_mode=ActionMode.FIRST_DELIVERABLE)
    no_mailbox = PermanentFailure(Failure(FailureReason.RECIPIENT_REJECTED, "550"))

    def refuse(_: object) -> PermanentFailure:
        return no_mailbox

    process = Process(world, provider=Provider(refuse))
    async with process.sending():
        await process.trigger(speaker("de"), speaker("ar"))
        await until(lambda: len(messages(world, MessageState.FAILED)) == 4)
    found = {(m.address, m.action.id): m.content_locale for m in messages(world).values()}
    assert found["de@example.com", "second"] == LocaleChoice("de", LocaleReason.EXACT)
    assert found["ar@example.com", "second"] == LocaleChoice("en", LocaleReason.DEFAULT)


async def preview(world: World, **fields: Any) -> Preview:
    return await world.previewing.preview(
        PreviewCampaign("order-confirmed", context={"order": {"id": "1"}}, **fields), AUTHOR
    )


async def test_a_preview_tells_the_language_and_why(world: World) -> None:
    await world.draft(actions=(MAIL,))
    shown = await preview(world, locale="de-AT")
    assert shown.content_locale == LocaleChoice("de", LocaleReason.PARENT)
    assert isinstance(shown.rendered, RenderedEmail)
    assert shown.rendered.subject == "Ihre Bestellung"
    assert (await preview(world)).content_locale == LocaleChoice("en", LocaleReason.EXACT)


async def test_validation_explains_the_language(world: World) -> None:
    await world.live(actions=(MAIL,))
    process = Process(world)
    answer = await process.trigger(speaker("de-AT"), validate_only=True)
    assert answer.explanation is not None
    assert answer.explanation.messages[0, 0].content_locale == LocaleChoice("de", LocaleReason.PARENT)
    await process.close()


class CountingCompiler(RememberingCompiler):
    """Counts the contents that it compiles, by locale."""

    def __init__(self) -> None:
        super().__init__()
        self.compiled_locales: list[str] = []

    def compile_content(self, *arguments: Any, **further: Any) -> Any:
        self.compiled_locales.append(arguments[4] if len(arguments) > 4 else "")
        return super().compile_content(*arguments, **further)


async def test_a_language_is_compiled_at_its_first_use_once_for_all_who_wait(world: World) -> None:
    await world.live(actions=(MAIL,))
    compiler = CountingCompiler()
    process = Process(world, compiler=compiler)
    async with process.sending():
        await process.trigger(*recipients(2))
        await until(lambda: len(messages(world, MessageState.SENT)) == 2)
        assert compiler.compiled_locales == [""]
        await process.trigger(*(replace(each, locale="de") for each in recipients(50)))
        await until(lambda: len(messages(world, MessageState.SENT)) == 52)
        assert compiler.compiled_locales == ["", "de"]


async def test_what_was_accepted_is_what_is_sent(world: World) -> None:
    await world.live(actions=(MAIL,))
    process = Process(world)
    await process.trigger(speaker("de"))
    await world.update(actions=(replace(MAIL, variants=()),))
    await world.activate("order-confirmed")
    provider = Provider()
    sending = Process(world, provider=provider)
    async with sending.sending():
        await until(lambda: len(messages(world, MessageState.SENT)) == 1)
    assert isinstance(provider.taken[0].rendered, RenderedEmail)
    assert provider.taken[0].rendered.subject == "Ihre Bestellung"
    await process.close()


@pytest.mark.parametrize("locale", ["deutsch!", "de--AT", "x" * 40])
async def test_a_locale_that_is_none_is_refused(world: World, locale: str) -> None:
    await world.live(actions=(MAIL,))
    process = Process(world)
    answer = await process.trigger(speaker("de"), recipient(locale=locale), allow_partial=True)
    assert [violation.field for violation in answer.execution.rejections[1]] == ["recipients[1].locale"]
    await process.close()
