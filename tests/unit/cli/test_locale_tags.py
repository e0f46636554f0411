"""The command line knows the locales that the service takes, so that it writes and recommends no other."""

from __future__ import annotations

from itertools import product

from clarion_server.domain.languages.locales import is_locale
from clarion_server.transport.cli.files.locale_tags import is_tag

SUBTAGS = ("", "d", "de", "DE", "deu", "Latn", "419", "1996", "rozaj", "longerone", "u", "x", "é", "de_AT", "de\n")


def test_the_command_line_and_the_service_take_the_same_locales() -> None:
    tags = {"-".join(filter(None, parts)) for parts in product(SUBTAGS, repeat=4)}
    tags |= {"de-x" + "-aaaaa" * count for count in range(9)}
    assert {tag for tag in tags if is_tag(tag)} == {tag for tag in tags if is_locale(tag)}
