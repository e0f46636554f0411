"""What the review finds in the files that the mails of a content carry."""

from __future__ import annotations

import pytest
from clarion_server.adapters.channels.email.attachment_review import MAX_FILES, MAX_INLINE, attachment_findings
from clarion_server.adapters.rendering.review_facts import ReviewFacts
from clarion_server.domain.attachments.attachment import Attachment
from clarion_server.domain.content.email import ContentAttachment, EmailContent
from clarion_server.domain.finding import FindingCode

CODE = FindingCode
SHOWS_LOGO = '<img src="{{ inline_image("logo.png") }}" alt="Shop">'


def stored(name: str, file_name: str, size: int = 9, content_type: str = "application/pdf") -> Attachment:
    return Attachment("default", name, file_name, content_type, size, name.encode().ljust(32), 0, "apiKeys/1")


def found(html: str, *files: tuple[Attachment, bool]) -> list[tuple[str, str]]:
    """Returns the code and the field of each finding. Each file has with it whether it is an inline image."""
    attachments = tuple(ContentAttachment(each.id, inline) for each, inline in files)
    email = EmailContent("Hello", html, attachments=attachments)
    facts = ReviewFacts(attachments={each.id: each for each, _ in files})
    return [(each.code, each.field) for each in attachment_findings(email, facts)]


def test_two_files_of_one_name_are_found() -> None:
    terms, same, other = stored("terms", "a.pdf"), stored("same", "a.pdf"), stored("other", "b.pdf")
    assert found("<p>Hi</p>", (terms, False), (other, False), (same, False)) == [
        (CODE.ATTACHMENT_NAME_REPEATED, "attachments[2].attachment")
    ]


@pytest.mark.parametrize(("limit", "inline"), [(MAX_FILES, False), (MAX_INLINE, True)])
def test_files_and_inline_images_may_each_have_so_many_octets_together(limit: int, inline: bool) -> None:
    sizes = {"a": limit // 2, "b": limit // 2, "c": 1}
    *within, more = (stored(name, f"{name}.png", size, "image/png") for name, size in sizes.items())
    html = "".join(SHOWS_LOGO.replace("logo", name) for name in sizes)
    files = [(each, inline) for each in within]
    assert CODE.ATTACHMENTS_TOO_LARGE not in dict(found(html, *files, (more, not inline)))
    assert (CODE.ATTACHMENTS_TOO_LARGE, "attachments") in found(html, *files, (more, inline))


def test_an_image_that_is_a_file_of_its_own_need_not_be_shown() -> None:
    logo = stored("logo", "logo.png", content_type="image/png")
    assert found("<p>Hi</p>", (logo, False)) == []
    assert found("<p>Hi</p>", (logo, True)) == [(CODE.INLINE_IMAGE_UNUSED, "attachments[0]")]
    assert found(SHOWS_LOGO, (logo, True)) == []


def test_only_an_image_can_be_inline() -> None:
    assert found("<p>Hi</p>", (stored("terms", "a.pdf"), True)) == [
        (CODE.ATTACHMENT_NOT_IMAGE, "attachments[0].inline"),
    ]
