"""Says which mails the contents of an action may become, whose words and files may come from different ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from clarion_server.domain.campaigns.campaign_definition import Action
from clarion_server.domain.content.email import EmailContent


def possible_mails(action: Action) -> Iterator[tuple[str, EmailContent, list[EmailContent]]]:
    """Yields each content of an action that sends mails, with its path in the action and the mails with its files.

    The files of a content may go with the words of another one that has none, or with those of any other one when the
    content has no words itself. `content_cells` says which words a recipient gets.
    """
    default = action.content
    assert isinstance(default, EmailContent)
    contents = [("", "", default)]
    for place, each in enumerate(action.variants):
        if isinstance(each.content, EmailContent):
            contents.append((f".variants[{place}]", each.rule, each.content))
    for path, rule, content in contents:
        others = [other for _, of, other in contents if content.attachments and (not rule or not of or rule == of)]
        mails = [
            replace(other.filled_from(default, with_words=True), attachments=content.attachments)
            for other in others
            if other is not content and (not other.attachments or not content.html)
        ]
        yield path, content, [content.filled_from(default, with_words=True), *mails]
