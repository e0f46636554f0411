"""Whether a content calls `t`."""

from __future__ import annotations

import pytest
from clarion_server.domain.content.email import EmailContent
from clarion_server.domain.translations import uses_texts


@pytest.mark.parametrize(
    ("html", "calls"),
    [
        ('{{ t("a") }}', True),
        ("{% if x %}{{ y ~ t ('a') }}{% endif %}", True),
        ("{% set x = t('a') %}", True),
        ("don't (or t(x)", False),
        ("{{ x }} t(x) {{ y }}", False),
        ("{{ x.t(1) }} {{ sort(1) }}", False),
        ("{{ t }}", False),
    ],
)
def test_calls_are_found_in_tags_alone(html: str, calls: bool) -> None:
    assert uses_texts(EmailContent("x", html)) is calls


@pytest.mark.parametrize("piece", ["{{ ", "{% t ", "t(", "t ", "}} t("])
def test_looking_takes_linear_time(piece: str) -> None:
    assert not uses_texts(EmailContent("x", piece.replace("(", "") * 200_000))
    assert uses_texts(EmailContent("x", piece * 100_000)) is False
