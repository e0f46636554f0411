"""Measures the cost of targeting: one load on the usual campaign, on one with three rules in five locales, and on one
with six.

All rules are evaluated, as the last one is true. The campaigns take turns, each with a service of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import monotonic

from clarion.v1 import campaign_pb2, email_content_pb2, targeting_pb2

from bench.campaign import HTML, SUBJECT, TEXT, campaign
from bench.driver import Driver
from bench.figures import Samples
from bench.load import Target
from bench.measures import Bench, Sizes, recipients_per_s, unary_per_s
from bench.process import BenchError
from bench.service import running_service
from bench.sink import running_sink

FORMS: dict[str, Callable[[Driver, Sizes], float]] = {"unary": unary_per_s, "recipients": recipients_per_s}
RULES = (3, 6)
NO_FRAGMENTS: Mapping[str, str] = {}
LOCALES = ("de", "fr", "ja", "ar")
#: Says what is false of the recipients of the bench, each in another way.
FALSE = (
    "has(profile.tier) && profile.tier == 'gold'",
    "context.currency == 'USD' && context.total > 50.0",
    "recipient.locale.startsWith('de')",
    "context.order_id in ['A-1', 'A-2']",
    "has(profile.country) && !(profile.country in ['DE', 'AT'])",
)
TRUE = "context.total > 100.0"


def with_rules(count: int) -> campaign_pb2.Campaign:
    """Returns the usual campaign with so many rules, each with contents in five locales."""
    targeted = campaign()
    action = targeted.actions[0]
    for rule, condition in enumerate((*FALSE[: count - 1], TRUE)):
        action.rules.append(targeting_pb2.TargetingRule(id=f"r{rule}", condition=condition))
        for locale in ("", *LOCALES):
            _add_variant(action, f"r{rule}", locale)
    for locale in LOCALES:
        _add_variant(action, "", locale)
    return targeted


def _add_variant(action: campaign_pb2.Action, rule: str, locale: str) -> None:
    mark = f" ({rule or 'all'}, {locale or 'en'})"
    email = email_content_pb2.EmailContent(subject=SUBJECT + mark, html=HTML, text=TEXT + mark)
    action.variants.append(campaign_pb2.ContentVariant(rule=rule, locale=locale, email=email))


def targeting(bench: Bench) -> Samples:
    """Measures accepting and sending with rules, and its share of the usual campaign."""
    if bench.floors_only:
        return {}
    found = {0: _measured(bench, campaign()), **{count: _measured(bench, with_rules(count)) for count in RULES}}
    samples = {f"rules_{count}_{figure}": value for count, each in found.items() for figure, value in each.items()}
    for count in RULES:
        for figure in found[0]:
            plain, own = found[0][figure], found[count][figure]
            # As a share of the speed: of processor time, the more the slower.
            is_time = figure.endswith("_us")
            samples[f"rules_{count}_{figure.rpartition('_')[0]}_ratio"] = plain / own if is_time else own / plain
    return samples


def _measured(bench: Bench, made: campaign_pb2.Campaign) -> Samples:
    samples = {}
    for form, accept in FORMS.items():
        with running_service(bench.folder, bench.placement.server) as (service, _):
            service.set_up(sink_port=1, of=made)
            service.hold()
            driver = Driver(bench.load, Target(service.port, service.authorization, bench.placement.load))
            before = sum(service.cpu_seconds())
            samples[f"{form}_per_s"] = accept(driver, bench.sizes)
            samples[f"{form}_cpu_us"] = 1e6 * (sum(service.cpu_seconds()) - before) / driver.acknowledged
            if (recorded := service.report().queued_count) != driver.acknowledged:
                raise BenchError(f"{driver.acknowledged} messages were acknowledged, {recorded} wait")
    return {**samples, **sent(bench, made)}


def sent(bench: Bench, made: campaign_pb2.Campaign, fragments: Mapping[str, str] = NO_FRAGMENTS) -> Samples:
    """Sends the mails of a campaign to the sink. `fragments` are the sources of those that it has, by their ids."""
    with (
        running_sink(bench.sink_command, bench.placement.load) as sink,
        running_service(bench.folder, bench.placement.server) as (service, _),
    ):
        for fragment_id, source in fragments.items():
            service.publish(fragment_id, source)
        service.set_up(sink.port, of=made)
        driver = bench.driver(service.port, service.authorization)
        driver.burst(bench.sizes.deliveries // 10)
        service.await_sent(driver.acknowledged)
        begin, before = monotonic(), sum(service.cpu_seconds())
        burst = driver.burst(bench.sizes.deliveries)
        service.await_sent(driver.acknowledged)
        seconds, cpu = monotonic() - begin, sum(service.cpu_seconds()) - before
    return {"sent_per_s": burst.count / seconds, "sent_cpu_us": 1e6 * cpu / burst.count}
