"""What caps count for one person is a text that is hardly ever read."""

from __future__ import annotations

from clarion_server.domain.sending_policies.cap_entries import CapEntries
from hypothesis import given
from hypothesis import strategies as st

NOW, MEMORY = 1_000, 100
TIMES = st.integers(min_value=0, max_value=3_000)
PUTS = st.lists(st.tuples(st.sampled_from("abcd"), TIMES, TIMES))


def test_a_message_is_a_text_with_its_time() -> None:
    entries = CapEntries({"a": 1, "b": 2}, 9)
    assert entries.packed() == "a:1,b:2,"
    assert CapEntries(None, 9, "a:1,b:2,") == entries
    assert CapEntries(None, 0, "").times == {}


def test_messages_are_counted_without_reading_the_text() -> None:
    entries = CapEntries(None, NOW + 50, "a:1,b:2,")
    assert entries.count == 2
    entries.put("c", NOW, NOW, MEMORY)
    assert (entries.count, entries.packed(), entries.until) == (3, "a:1,b:2,c:1000,", NOW + MEMORY)


def test_what_can_count_no_more_is_dropped_when_it_is_all_or_when_the_text_is_read() -> None:
    entries = CapEntries(None, NOW, "a:1,b:2,")
    entries.put("c", NOW, NOW, MEMORY)
    assert entries.packed() == "c:1000,"
    entries.put("d", NOW + 1, NOW, MEMORY)
    entries.put("c", NOW + MEMORY, NOW + MEMORY + 1, MEMORY)
    assert entries.times == {"c": NOW + MEMORY}


@given(PUTS, PUTS)
def test_a_text_keeps_what_entries_keep_that_are_read(
    before: list[tuple[str, int, int]], puts: list[tuple[str, int, int]]
) -> None:
    """All that may still count, each message once, at its last time."""
    read = CapEntries({}, 0)
    for message_id, time, now in before:
        read.put(message_id, time, now, MEMORY)
    text = CapEntries(None, read.until, read.packed())
    latest = 0
    for message_id, time, now in puts:
        latest = max(latest, now)
        read.put(message_id, time, latest, MEMORY)
        text.put(message_id, time, latest, MEMORY)
    may_count = {each: time for each, time in read.times.items() if time > latest - MEMORY}
    assert {each: time for each, time in text.times.items() if time > latest - MEMORY} == may_count
    assert text.until >= max(may_count.values(), default=0) + MEMORY if may_count else True
