"""Reviews the files that the mails of a content carry."""

from __future__ import annotations

from collections.abc import Iterator

from clarion_server.adapters.rendering.review import ReviewFacts
from clarion_server.adapters.rendering.templates.inline_images import INLINE_IMAGE, content_ids
from clarion_server.adapters.rendering.templates.structure import closest
from clarion_server.application.ports.content import Attachments
from clarion_server.domain.attachments.attachment import Attachment
from clarion_server.domain.content.email import EmailContent
from clarion_server.domain.finding import Finding, FindingCode, Severity

#: All files of a content together should have at most this many octets.
MAX_FILES, MAX_INLINE = 10_000_000, 2_000_000

_Listed = tuple[int, Attachment, bool]


def attachment_findings(email: EmailContent, facts: ReviewFacts) -> Iterator[Finding]:
    """Yields what is wrong with the files of a content."""
    attachments = facts.attachments
    listed = [
        (index, attachment, each.inline)
        for index, each in enumerate(email.attachments)
        if (attachment := attachments.get(each.attachment)) is not None
    ]
    yield from _missing(email, attachments)
    yield from _repeated_names(listed)
    yield from _too_large(listed)
    for index, attachment, inline in listed:
        if inline and not attachment.is_image:
            message = f"`{attachment.file_name}` is {attachment.content_type}, and no image that mails can show."
            remedy = "Upload it as PNG, JPEG, GIF or WebP, or let `inline` be false."
            yield _error(FindingCode.ATTACHMENT_NOT_IMAGE, f"attachments[{index}].inline", message, remedy)
    if INLINE_IMAGE in email.html or listed:
        yield from _shown(email, facts, listed)


def _missing(email: EmailContent, attachments: Attachments) -> Iterator[Finding]:
    for index, each in enumerate(email.attachments):
        if each.attachment not in attachments:
            message = f"There is no attachment '{each.attachment}' in this sandbox."
            field = f"attachments[{index}].attachment"
            yield _error(FindingCode.ATTACHMENT_MISSING, field, message, "Upload it, or name another one.")


def _repeated_names(listed: list[_Listed]) -> Iterator[Finding]:
    names = [attachment.file_name for _, attachment, _ in listed]
    for position, (index, attachment, _) in enumerate(listed):
        if attachment.file_name in names[:position]:
            message = f"Two files of the mail are called `{attachment.file_name}`."
            remedy = "Upload one of them under another file name."
            yield _error(FindingCode.ATTACHMENT_NAME_REPEATED, f"attachments[{index}].attachment", message, remedy)


def _too_large(listed: list[_Listed]) -> Iterator[Finding]:
    for of_inline, limit, kind in ((True, MAX_INLINE, "inline images"), (False, MAX_FILES, "files")):
        size = sum(attachment.size for _, attachment, inline in listed if inline is of_inline)
        if size > limit:
            message = f"The {kind} have {size:,} octets together, and may have {limit:,}."
            yield _error(FindingCode.ATTACHMENTS_TOO_LARGE, "attachments", message, "Make them smaller or fewer.")


def _shown(email: EmailContent, facts: ReviewFacts, listed: list[_Listed]) -> Iterator[Finding]:
    images = facts.reader.images(email.html)
    if images is None:
        return
    known, shown = content_ids(email, facts.attachments), set()
    for name, line in images:
        if name in known:
            shown.add(known[name])
        else:
            message = f"The inline image `{name}` is none of the content's attachments."
            remedy = f"Upload it, and add it to `attachments` with `inline` set.{closest(name, known)}"
            yield _error(FindingCode.ATTACHMENT_MISSING, "html", message, remedy, line)
    for index, attachment, inline in listed:
        if inline and attachment.is_image and attachment.content_id not in shown:
            message = f"The HTML does not show `{attachment.file_name}`, so no mail carries it."
            remedy = (
                f'Show it with `<img src="{{{{ inline_image("{attachment.file_name}") }}}}" alt="…">`, or remove it.'
            )
            field = f"attachments[{index}]"
            yield Finding(Severity.WARNING, FindingCode.INLINE_IMAGE_UNUSED, field, message, remedy)


def _error(code: FindingCode, field: str, message: str, remedy: str, line: int = 0) -> Finding:
    return Finding(Severity.ERROR, code, field, message, remedy, line)
