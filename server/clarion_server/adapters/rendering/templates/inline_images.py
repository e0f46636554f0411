"""The function `inline_image`, by which HTML shows an image that its mail carries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from jinja2 import nodes, pass_context

from clarion_server.adapters.rendering.evaluation.budget import CALL, RenderContext
from clarion_server.adapters.rendering.evaluation.values import RenderRefused
from clarion_server.application.ports.content import Attachments
from clarion_server.domain.content import Content

INLINE_IMAGE = "inline_image"


class InlineImages:
    """Is what templates call as `inline_image`. It returns the URL of an image, by RFC 2392."""

    def __init__(self, content: Content, attachments: Attachments) -> None:
        self._content_ids = content_ids(content, attachments)

    @pass_context
    def __call__(self, context: RenderContext, name: str) -> str:
        context.budget.spend(CALL)
        content_id = self._content_ids.get(name)
        if content_id is None:
            raise RenderRefused("an inline image is none of the content's attachments")
        return f"cid:{content_id}"


def content_ids(content: Content, attachments: Attachments) -> Mapping[str, str]:
    """Returns the Content-IDs of a content's inline images, by the names of their attachments and of their files."""
    images = [
        attachment
        for each in content.attachments
        if each.inline and (attachment := attachments.get(each.attachment)) is not None
    ]
    by_file = {image.file_name: image.content_id for image in images}
    return by_file | {image.name: image.content_id for image in images}


def is_inline_image(call: nodes.Call) -> bool:
    return isinstance(call.node, nodes.Name) and call.node.name == INLINE_IMAGE


def names_literal(call: nodes.Call) -> bool:
    """Returns whether the call names its image so that review can prove that there is one."""
    return len(call.args) == 1 and isinstance(call.args[0], nodes.Const) and isinstance(call.args[0].value, str)


def shown_images(tree: nodes.Template) -> Iterator[tuple[str, int]]:
    """Yields the names of the images that a template shows, with their lines."""
    for call in tree.find_all(nodes.Call):
        if is_inline_image(call) and names_literal(call):
            yield call.args[0].value, call.lineno  # type: ignore[attr-defined]  # a constant, as just checked
