"""Files over the wire, from an upload to the mail that carries it."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest
from clarion.v1 import attachment_pb2, attachment_service_pb2
from clarion_client import (
    Action,
    AlreadyExistsError,
    AsyncClient,
    ContentAttachment,
    EmailContent,
    InvalidRequestError,
    NotFoundError,
    PreconditionFailedError,
    Severity,
)
from fast_mail_parser import parse_email

from tests.campaigns import CONTEXT, campaign, channel, set_up
from tests.e2e.wire.conftest import Sandbox
from tests.smtp_sink import SmtpSink

UPLOAD = "/clarion.v1.AttachmentService/UploadAttachment"
CREATE = "/clarion.v1.AttachmentService/CreateAttachment"
PDF = b"%PDF-1.7\n" + bytes(range(256)) * 3000
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
HTML = '<p>Order {{ context.order }} <img src="{{ inline_image("logo.png") }}" alt="Shop"></p>'


def content(*attachments: ContentAttachment, html: str = HTML) -> EmailContent:
    return EmailContent(subject="Order {{ context.order }}", html=html, attachments=attachments)


async def make_live(client: AsyncClient, port: int, email: EmailContent) -> None:
    await set_up(client, "orders", port, actions=[Action(channel_configuration="orders", email=email)])


async def trigger(client: AsyncClient, to: str = "jane@example.com") -> None:
    await client.trigger("orders", to=to, context=CONTEXT)


async def test_a_mail_carries_a_static_file_and_shows_an_inline_image(sandbox: Sandbox, sink: SmtpSink) -> None:
    client = sandbox.client
    terms = await client.attachments.upload(PDF, "terms", file_name="terms.pdf")
    logo = await client.attachments.upload(PNG, file_name="logo.png")
    email = content(ContentAttachment(attachment="terms"), ContentAttachment(attachment=logo.name, inline=True))
    await make_live(client, sink.port, email)
    await trigger(client)
    (mail,) = await sink.wait_for(1)

    related = mail.parsed.get_body(("related",))
    assert related is not None
    html, image = related.iter_parts()
    (pdf,) = mail.parsed.iter_attachments()
    assert f'src="cid:{image["Content-ID"][1:-1]}"' in html.get_content()
    assert image.get_content() == PNG
    assert (pdf.get_filename(), pdf.get_content()) == ("terms.pdf", PDF)
    assert {file.filename: file.content for file in parse_email(mail.content).attachments} == {
        "logo.png": PNG,
        "terms.pdf": PDF,
    }
    assert (terms.size_bytes, terms.sha256) == (len(PDF), hashlib.sha256(PDF).hexdigest())


async def test_two_names_of_the_same_image_are_one_part(sandbox: Sandbox, sink: SmtpSink) -> None:
    client = sandbox.client
    for name, file_name in (("logo", "logo.png"), ("head", "head.png")):
        await client.attachments.upload(PNG, name, file_name=file_name)
    shows = "".join(f'<img src="{{{{ inline_image("{name}") }}}}" alt="">' for name in ("logo.png", "attachments/head"))
    images = [ContentAttachment(attachment=name, inline=True) for name in ("logo", "head")]
    await make_live(client, sink.port, content(*images, html=f"<p>Hi</p>{shows}"))
    await trigger(client)
    (mail,) = await sink.wait_for(1)
    assert len(parse_email(mail.content).attachments) == 1


async def test_an_image_that_is_not_uploaded_blocks_activation_and_one_that_is_not_shown_is_not_sent(
    sandbox: Sandbox, sink: SmtpSink
) -> None:
    client = sandbox.client
    await client.channels.create(channel("orders", sink.port))
    email = content(ContentAttachment(attachment="terms"))
    await client.campaigns.create(
        campaign("orders", "orders", actions=[Action(channel_configuration="orders", email=email)])
    )
    found = (await client.campaigns.review("orders")).findings
    assert [(each.field, each.code, each.severity) for each in found] == [
        ("actions[0].email.attachments[0].attachment", "ATTACHMENT_MISSING", Severity.ERROR),
        ("actions[0].email.html", "ATTACHMENT_MISSING", Severity.ERROR),
    ]
    with pytest.raises(PreconditionFailedError, match="cannot be activated"):
        await client.campaigns.activate("orders")

    await client.attachments.upload(PNG, "logo", file_name="logo.png")
    unused = content(ContentAttachment(attachment="logo", inline=True), html="<p>Hi</p>")
    changed = campaign("orders", "orders", actions=[Action(channel_configuration="orders", email=unused)])
    await client.campaigns.update(changed)
    (finding,) = (await client.campaigns.review("orders")).findings
    assert (finding.severity, finding.code) == (Severity.WARNING, "INLINE_IMAGE_UNUSED")
    await client.campaigns.activate("orders")
    await trigger(client)
    (mail,) = await sink.wait_for(1)
    assert parse_email(mail.content).attachments == []


async def test_the_preview_names_the_files_of_a_mail(sandbox: Sandbox, sink: SmtpSink) -> None:
    client = sandbox.client
    await client.attachments.upload(PNG, "logo", file_name="logo.png")
    await make_live(client, sink.port, content(ContentAttachment(attachment="logo", inline=True)))
    preview = await client.campaigns.preview("orders", context=CONTEXT)
    assert preview.email is not None
    (image,) = preview.email.attachments
    assert (image.attachment, image.file_name, image.size_bytes) == ("attachments/logo", "logo.png", len(PNG))
    assert f'src="cid:{image.content_id}"' in preview.email.html


async def test_uploading_the_same_file_again_is_the_stored_one_and_another_file_is_refused(sandbox: Sandbox) -> None:
    client = sandbox.client
    stored = await client.attachments.upload(PDF, "terms", file_name="terms.pdf")
    assert await client.attachments.upload(PDF, "terms", file_name="terms.pdf") == stored
    with pytest.raises(AlreadyExistsError, match="attachments/terms"):
        await client.attachments.upload(PDF + b" ", "terms", file_name="terms.pdf")
    with pytest.raises(AlreadyExistsError):
        await client.attachments.upload(PDF, "terms", file_name="other.pdf")
    unnamed = await client.attachments.upload(PDF, file_name="terms.pdf")
    assert await client.attachments.upload(PDF, file_name="terms.pdf") == unnamed != stored
    assert [each async for each in client.attachments.list()] == sorted([stored, unnamed], key=lambda each: each.name)


async def test_an_attachment_in_use_is_not_deleted(sandbox: Sandbox, sink: SmtpSink) -> None:
    client = sandbox.client
    await client.attachments.upload(PDF, "terms", file_name="terms.pdf")
    await make_live(client, sink.port, content(ContentAttachment(attachment="terms"), html="<p>Hi</p>"))
    with pytest.raises(PreconditionFailedError) as refused:
        await client.attachments.delete("terms")
    assert (refused.value.reason, refused.value.metadata["user"]) == ("ATTACHMENT_IN_USE", "campaigns/orders")
    await client.attachments.upload(PDF, "free", file_name="terms.pdf")
    await client.attachments.delete("free")
    with pytest.raises(NotFoundError):
        await client.attachments.get("free")


@pytest.mark.parametrize(
    ("file_name", "data", "content_type", "expected"),
    [
        ("a.pdf", b"MZ\x90", "", ("attachment.content", "FILE_NOT_ALLOWED")),
        ("x.pdf.exe", PDF, "application/pdf", ("attachment.file_name", "FILE_NOT_ALLOWED")),
        ("a.jpg", PNG, "image/jpeg", ("attachment.content_type", "TYPE_MISMATCH")),
        ("a\r\nBcc: x.pdf", PDF, "application/pdf", ("attachment.file_name", "MALFORMED")),
        ("a.pdf", b"", "", ("attachment.content", "REQUIRED")),
        ("a.pdf", PDF * 14, "", ("attachment.content", "TOO_LARGE")),
    ],
)
async def test_a_file_that_mails_may_not_carry_is_refused(
    sandbox: Sandbox, file_name: str, data: bytes, content_type: str, expected: tuple[str, str]
) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        await sandbox.client.attachments.upload(data, file_name=file_name, content_type=content_type)
    assert expected in [(each.field, each.reason) for each in refused.value.violations]


def header() -> attachment_service_pb2.UploadAttachmentRequest:
    attachment = attachment_pb2.Attachment(file_name="a.pdf")
    return attachment_service_pb2.UploadAttachmentRequest(
        header=attachment_service_pb2.AttachmentHeader(attachment=attachment)
    )


def part(data: bytes) -> attachment_service_pb2.UploadAttachmentRequest:
    return attachment_service_pb2.UploadAttachmentRequest(content=data)


@pytest.mark.parametrize(
    ("requests", "field"),
    [
        ([], "header"),
        ([part(PDF[:10])], "header"),
        ([header(), header()], "header"),
        ([header(), attachment_service_pb2.UploadAttachmentRequest()], "header"),
        (
            [attachment_service_pb2.UploadAttachmentRequest(header=attachment_service_pb2.AttachmentHeader())],
            "header.attachment",
        ),
        ([header(), part(b"x" * (256 * 1024 + 1))], "content"),
        ([b"\xff"], ""),
    ],
)
async def test_a_malformed_upload_is_refused(sandbox: Sandbox, requests: list[Any], field: str) -> None:
    async def sent() -> AsyncIterator[Any]:
        for request in requests:
            yield request

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await sandbox.wire.open(UPLOAD, sent())
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert (refused.value.details() or "").startswith(field)


async def test_a_file_that_is_too_large_is_read_to_its_end_so_that_every_client_learns_why_it_is_refused(
    sandbox: Sandbox,
) -> None:
    written = False

    async def sent() -> AsyncIterator[Any]:
        nonlocal written
        yield header()
        for _ in range(160):
            yield part(b"x" * 256 * 1024)
        written = True

    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await sandbox.wire.open(UPLOAD, sent())
    assert written
    assert (refused.value.details() or "").startswith("attachment.content")


async def test_a_small_file_is_uploaded_in_one_request(sandbox: Sandbox) -> None:
    request = attachment_service_pb2.CreateAttachmentRequest(
        attachment_id="terms", attachment=attachment_pb2.Attachment(file_name="terms.pdf"), content=PDF
    )
    answer = await sandbox.wire.send(CREATE, request)
    assert answer.attachment.content_type == "application/pdf"
    assert (await sandbox.client.attachments.get("terms")).sha256 == hashlib.sha256(PDF).hexdigest()
    failure = await sandbox.wire.refuse(CREATE, attachment_service_pb2.CreateAttachmentRequest(content=PDF))
    assert failure.violations == (("attachment", "REQUIRED"),)
