from __future__ import annotations

import re

from tools.generate_sync import BY_HAND, SYNC, generated


def test_the_synchronous_client_is_what_its_tool_makes_of_the_other_one() -> None:
    checked_in = {path.name: path.read_text(encoding="utf-8") for path in SYNC.glob("*.py") if path.name not in BY_HAND}

    assert checked_in == generated(), "run `make generate`"


def test_no_word_of_asyncio_is_left_in_the_synchronous_client() -> None:
    left = re.compile(r"\basync\b|\bawait\b|Async|asyncio|\baio\b|__a(enter|exit|iter|next)__")

    assert {name for name, source in generated().items() if left.search(source.partition("\n")[2])} == set()
