"""Mailboxes, which campaigns and channel configurations share."""

from __future__ import annotations

from clarion.v1 import campaign_pb2

from clarion_server.domain.campaign import Mailbox


def from_mailbox(mailbox: campaign_pb2.Mailbox) -> Mailbox:
    return Mailbox(mailbox.address, mailbox.display_name)


def to_mailbox(mailbox: Mailbox) -> campaign_pb2.Mailbox:
    return campaign_pb2.Mailbox(address=mailbox.address, display_name=mailbox.display_name)


def to_optional_mailbox(mailbox: Mailbox | None) -> campaign_pb2.Mailbox | None:
    return None if mailbox is None else to_mailbox(mailbox)
