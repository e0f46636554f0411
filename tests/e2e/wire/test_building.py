"""Style sheets that are inlined when a campaign is activated, from the contract to the mail."""

from __future__ import annotations

import asyncio

from clarion_client import Action, EmailContent, Fragment, Recipient, Severity, Transform

from tests.campaigns import CONTEXT, campaign, channel
from tests.e2e.wire.conftest import Sandbox
from tests.smtp_sink import SmtpSink

HTML = """<html><head>
<link rel="stylesheet" href="http://127.0.0.1:{port}/remote.css">
<style>p {{ color: red }} a:hover {{ color: blue }}</style></head>
<body><p>{{{{ context.order }}}}{{% if 1 < 2 %}}!{{% endif %}}</p>
<img alt="" src="http://127.0.0.1:{port}/remote.png"></body></html>"""
PARAGRAPH = '<p style="color: red">'


MJML = """<mjml><mj-head><mj-font name="Remote" href="http://127.0.0.1:{port}/font.css" />
<mj-raw><link rel="stylesheet" href="http://127.0.0.1:{port}/remote.css"></mj-raw></mj-head>
<mj-body>{{% block main %}}{{% endblock %}}</mj-body></mjml>"""
SECTION = """<mj-section><mj-column><mj-text font-family="Remote">{{{{ context.order }}}}</mj-text>
<mj-image alt="x" src="http://127.0.0.1:{port}/remote.png" /></mj-column></mj-section>"""


async def test_nothing_is_fetched_for_a_layout_in_mjml_and_its_fragments(sandbox: Sandbox, sink: SmtpSink) -> None:
    client = sandbox.client
    visits: list[object] = []
    site = await asyncio.start_server(lambda *connection: visits.append(connection), "127.0.0.1", 0)
    port = site.sockets[0].getsockname()[1]
    for name, source in (("base", MJML), ("section", SECTION)):
        await client.fragments.create(Fragment(name=name, source=source.format(port=port)))
        await client.fragments.publish(name)
    html = "{% extends 'fragments/base' %}{% block main %}{% include 'fragments/section' %}{% endblock %}"
    content = EmailContent(subject="Order", html=html, transform=Transform.MJML)
    await client.channels.create(channel("mail", sink.port))
    action = Action(id="mail", channel_configuration="mail", email=content)
    await client.campaigns.create(campaign("styled", "mail", actions=[action]))
    await client.campaigns.activate("styled")
    await client.trigger("styled", [Recipient("email:jane@example.com", CONTEXT)])
    (mail,) = await sink.wait_for(1)
    body = mail.parsed.get_body(("html",))
    assert body is not None
    assert "4711" in body.get_content()
    assert f"http://127.0.0.1:{port}/remote.png" in body.get_content()
    site.close()
    assert visits == []


async def test_a_mail_carries_the_styles_of_its_sheet_and_nothing_was_fetched(sandbox: Sandbox, sink: SmtpSink) -> None:
    client = sandbox.client
    visits: list[object] = []
    site = await asyncio.start_server(lambda *connection: visits.append(connection), "127.0.0.1", 0)
    html = HTML.format(port=site.sockets[0].getsockname()[1])
    content = EmailContent(subject="Order", html=html, transform=Transform.INLINE_CSS)
    await client.channels.create(channel("mail", sink.port))
    action = Action(id="mail", channel_configuration="mail", email=content)
    created = await client.campaigns.create(campaign("styled", "mail", actions=[action]))
    assert created.actions[0].email == content

    shown = (await client.campaigns.preview("styled", CONTEXT)).email
    assert shown is not None
    assert f"{PARAGRAPH}4711!</p>" in shown.html
    found = (await client.campaigns.activate("styled")).findings
    assert [(each.severity, each.code, each.line) for each in found] == [(Severity.WARNING, "STYLE_REMOTE", 2)]
    await client.trigger("styled", [Recipient("email:jane@example.com", CONTEXT)])
    (mail,) = await sink.wait_for(1)
    body = mail.parsed.get_body(("html",))
    assert body is not None
    assert f"{PARAGRAPH}4711!</p>" in body.get_content()
    assert "a:hover" in body.get_content()
    site.close()
    assert visits == []
