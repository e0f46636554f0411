"""Converts mailboxes, which campaigns and channel configurations share, from and to protobuf."""

from __future__ import annotations

from clarion.v1 import email_content_pb2

from clarion_server.domain.content.email import Mailbox


def from_mailbox(mailbox: email_content_pb2.Mailbox) -> Mailbox:
    return Mailbox(mailbox.address, mailbox.display_name)


def to_mailbox(mailbox: Mailbox) -> email_content_pb2.Mailbox:
    return email_content_pb2.Mailbox(address=mailbox.address, display_name=mailbox.display_name)


def to_optional_mailbox(mailbox: Mailbox | None) -> email_content_pb2.Mailbox | None:
    return None if mailbox is None else to_mailbox(mailbox)
