"""Secrets of providers: hidden, and kept when an update leaves them empty."""

from __future__ import annotations

from dataclasses import replace

from clarion_server.domain.channels.channel import ChannelConfiguration
from clarion_server.domain.content.email import Mailbox, SmtpProvider
from clarion_server.domain.content.webhook import WebhookProvider
from clarion_server.domain.secret import secret_names, split_secrets, with_kept_secrets

SMTP = SmtpProvider("smtp.example.com", 587, Mailbox("shop@example.com"), username="shop", password="swordfish")
HOOK = WebhookProvider("https://example.com/", secret="whsec_1", client_certificate="pem", client_key="key")


def test_secrets_are_missing_from_what_is_printed() -> None:
    assert "swordfish" not in repr(SMTP)
    assert "whsec_1" not in repr(HOOK)


def test_an_empty_secret_keeps_the_stored_one() -> None:
    assert with_kept_secrets(replace(SMTP, host="other.example.com", password=""), SMTP).password == "swordfish"
    assert with_kept_secrets(replace(HOOK, secret="", client_key=""), HOOK) == HOOK


def test_a_secret_that_is_given_replaces_the_stored_one() -> None:
    assert with_kept_secrets(replace(SMTP, password="new"), SMTP).password == "new"


def test_a_secret_is_not_kept_for_another_user_or_certificate() -> None:
    assert with_kept_secrets(replace(SMTP, username="other", password=""), SMTP).password == ""
    kept = with_kept_secrets(replace(HOOK, client_certificate="other", client_key="", secret=""), HOOK)
    assert (kept.client_key, kept.secret) == ("", "whsec_1")


def test_secrets_are_distinguished_from_the_rest() -> None:
    plain, secrets = split_secrets(HOOK)
    assert plain == replace(HOOK, secret="", client_key="")
    assert secrets == {"secret": "whsec_1", "client_key": "key"}
    assert replace(plain, secret=secrets["secret"], client_key=secrets["client_key"]) == HOOK
    assert list(secret_names(SmtpProvider)) == ["password", "client_key"]


def test_the_kind_of_a_provider_cannot_change() -> None:
    stored = ChannelConfiguration("default", "orders", "Orders", SMTP, create_time=0, update_time=0)
    violation = stored.provider_violation(HOOK)
    assert violation is not None
    assert (violation.field, violation.reason) == ("webhook", "IMMUTABLE")
    assert stored.provider_violation(replace(SMTP, host="other.example.com")) is None
