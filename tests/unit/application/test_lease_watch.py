"""A lease that ends later than any lease by this clock is told when it was not renewed for as long as one may last."""

from __future__ import annotations

from clarion_server.application.maintenance.lease_watch import LeaseWatch
from clarion_server.application.sending.lease import LONGEST
from clarion_server.domain.instant import DAY, HOUR

NOW = 20 * DAY
END = NOW + HOUR


def test_a_lease_is_told_once_it_was_seen_unchanged_for_long() -> None:
    watch = LeaseWatch()
    assert watch.unrenewed({"gone": END}, NOW) == {}
    assert watch.unrenewed({"gone": END}, NOW + LONGEST - 1) == {}
    assert watch.unrenewed({"gone": END, "new": END}, NOW + LONGEST) == {"gone": END}


def test_a_renewal_begins_the_time_anew() -> None:
    watch = LeaseWatch()
    watch.unrenewed({"one": END}, NOW)
    assert watch.unrenewed({"one": END + 1}, NOW + LONGEST) == {}
    assert watch.unrenewed({"one": END + 1}, NOW + 2 * LONGEST) == {"one": END + 1}


def test_a_lease_that_was_away_begins_anew() -> None:
    watch = LeaseWatch()
    watch.unrenewed({"one": END}, NOW)
    watch.unrenewed({}, NOW + 1)
    assert watch.unrenewed({"one": END}, NOW + LONGEST) == {}


def test_a_clock_that_is_set_back_begins_the_time_anew() -> None:
    watch = LeaseWatch()
    watch.unrenewed({"one": END}, NOW)
    watch.unrenewed({"one": END}, NOW - HOUR)
    assert watch.unrenewed({"one": END}, NOW - HOUR + LONGEST - 1) == {}
    assert watch.unrenewed({"one": END}, NOW - HOUR + LONGEST) == {"one": END}
