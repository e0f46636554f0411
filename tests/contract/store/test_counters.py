"""The counters behind the reports."""

from __future__ import annotations

from clarion_server.application.ports.store import Store, UnitOfWork
from clarion_server.domain.audiences.condition import FailureCause
from clarion_server.domain.events.counter import FailedRule, LatencyKey, Metric

from tests.contract.store.given import a_sender, committing
from tests.contract.store.samples import counter

TARGETED = (Metric.TARGETED, "")


def test_counters_add_up_over_units_of_work(store: Store) -> None:
    with committing(store) as work:
        campaign = a_sender(work).campaign.key
        work.counters.add({counter(campaign): 3, counter(campaign, metric=Metric.SENT): 1})
    with committing(store) as work:
        work.counters.add({counter(campaign): 4, counter(campaign, 1, Metric.FAILED, "THROTTLED"): 1})
    with store.snapshot() as work:
        counts = work.counters.of_campaign(campaign, 1)
        assert counts == {TARGETED: 7, (Metric.SENT, ""): 1, (Metric.FAILED, "THROTTLED"): 1}


def test_counters_add_up_within_a_unit_of_work(work: UnitOfWork) -> None:
    campaign = a_sender(work).campaign.key
    for _ in range(3):
        work.counters.add({counter(campaign, metric=Metric.RETRIES): 2})
    assert work.counters.of_campaign(campaign, 1) == {(Metric.RETRIES, ""): 6}


def test_counters_are_read_of_one_version_or_of_all(work: UnitOfWork) -> None:
    one, two = a_sender(work, "one").campaign.key, a_sender(work, "two").campaign.key
    work.counters.add(
        {
            counter(one, 1): 1,
            counter(one, 2): 20,
            counter(one, 2, Metric.SENT): 5,
            counter(two, 1): 300,
        }
    )
    assert work.counters.of_campaign(one, 1) == {TARGETED: 1}
    assert work.counters.of_campaign(one, 2) == {TARGETED: 20, (Metric.SENT, ""): 5}
    assert work.counters.of_campaign(one, None) == {TARGETED: 21, (Metric.SENT, ""): 5}
    assert work.counters.of_campaign(two, None) == {TARGETED: 300}
    assert work.counters.of_campaign(None, None) == {TARGETED: 321, (Metric.SENT, ""): 5}


def test_counters_of_every_action_locale_and_day_add_up(work: UnitOfWork) -> None:
    key = counter(a_sender(work).campaign.key)
    keys = [
        key,
        key._replace(action="hook"),
        key._replace(locale="pt-BR"),
        key._replace(day=key.day + 1),
        key._replace(treatment="b"),
        key._replace(rule="gold"),
    ]
    work.counters.add(dict.fromkeys(keys, 1))
    work.counters.add(dict.fromkeys(keys, 10))
    assert work.counters.of_campaign(key.campaign_key, 1) == {TARGETED: 66}


def test_counters_are_told_by_the_locale_of_the_content(work: UnitOfWork) -> None:
    key = counter(a_sender(work).campaign.key)
    german = key._replace(locale="de")
    work.counters.add({key: 3, german: 2, german._replace(metric=Metric.SENT): 1, german._replace(version=2): 4})
    assert work.counters.by_locale(key.campaign_key, 1) == {
        (key.locale, Metric.TARGETED): 3,
        ("de", Metric.TARGETED): 2,
        ("de", Metric.SENT): 1,
    }
    assert work.counters.by_locale(key.campaign_key, None)["de", Metric.TARGETED] == 6


def test_without_counters_there_are_none(work: UnitOfWork) -> None:
    campaign = a_sender(work).campaign.key
    work.counters.add({})
    work.counters.add_latencies({})
    assert work.counters.of_campaign(campaign, None) == {}
    assert work.counters.of_campaign(campaign, 1) == {}
    assert work.counters.latencies(campaign, None) == {}


def test_counters_count_beyond_32_bits(work: UnitOfWork) -> None:
    key = counter(a_sender(work).campaign.key)
    work.counters.add({key: 2**40})
    work.counters.add({key: 2**40})
    assert work.counters.of_campaign(key.campaign_key, None) == {TARGETED: 2**41}


def test_latencies_add_up_by_bucket(work: UnitOfWork) -> None:
    campaign = a_sender(work).campaign.key
    work.counters.add_latencies({LatencyKey(campaign, 1, "email", 57): 2, LatencyKey(campaign, 2, "email", 57): 1})
    work.counters.add_latencies({LatencyKey(campaign, 1, "email", 57): 3, LatencyKey(campaign, 1, "hook", 9): 1})
    assert work.counters.latencies(campaign, 1) == {57: 5, 9: 1}
    assert work.counters.latencies(campaign, 2) == {57: 1}
    assert work.counters.latencies(campaign, None) == {57: 6, 9: 1}


def test_counters_are_read_by_rule_and_failed_evaluations_by_version_and_day(work: UnitOfWork) -> None:
    one, two = a_sender(work, "one").campaign.key, a_sender(work, "two").campaign.key
    failed = counter(one, 2, Metric.RULE_FAILED, "MISSING_VALUE")._replace(rule="gold", locale="")
    keys = {
        counter(one, 2)._replace(rule="gold"): 3,
        counter(one, 1)._replace(rule="gold", action="hook"): 1,
        counter(one, 2): 4,
        failed: 5,
        failed._replace(reason="WRONG_TYPE", rule="desk"): 6,
        failed._replace(day=failed.day - 1): 100,
        failed._replace(version=1): 100,
        failed._replace(campaign_key=two, version=1): 7,
    }
    work.counters.add(keys)
    assert work.counters.by_rule(one, 2) == {
        ("email", "gold", Metric.TARGETED): 3,
        ("email", "", Metric.TARGETED): 4,
        ("email", "gold", Metric.RULE_FAILED): 105,
        ("email", "desk", Metric.RULE_FAILED): 6,
    }
    assert work.counters.by_locale(one, 2) == {("en", Metric.TARGETED): 7}
    assert work.counters.failed_rules([(one, 2), (two, 1)], failed.day) == [
        FailedRule(one, "email", "desk", FailureCause.WRONG_TYPE, 6),
        FailedRule(one, "email", "gold", FailureCause.MISSING_VALUE, 5),
        FailedRule(two, "email", "gold", FailureCause.MISSING_VALUE, 7),
    ]
