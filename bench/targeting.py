"""Measures the cost of targeting: one load on the usual campaign, on one with three rules in five locales, and on one
with six.

All rules are evaluated, as the last one is true. Each campaign has a service of its own, and they are loaded in turn.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack

from clarion.v1 import campaign_pb2, email_content_pb2, targeting_pb2

from bench.bench import Bench
from bench.campaign import HTML, SUBJECT, TEXT, campaign
from bench.figures import Samples
from bench.loaded import accepting_service, costs_in_turn, sending_service
from bench.measures import Accepting, recipients, round_of, unary
from bench.service import Service

FORMS: dict[str, Accepting] = {"unary": unary, "recipients": recipients}
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
    campaigns = {f"rules_{count}": with_rules(count) if count else campaign() for count in (0, *RULES)}
    sizes, samples = bench.sizes.of_a_round(), Samples()
    for form, accept in FORMS.items():
        with ExitStack() as stack:
            services = {name: stack.enter_context(accepting_service(bench, of)) for name, of in campaigns.items()}
            found = costs_in_turn(services, round_of(accept, sizes))
        samples |= _shares(found, form)
    return samples | _shares(sent_in_turn(bench, campaigns), "sent")


def _shares(found: Mapping[str, Samples], form: str) -> Samples:
    """Names what was found of each campaign, and adds its speed and its processor time as shares of the first one's."""
    samples, (plain, *_) = Samples(), found.values()
    for name, each in found.items():
        samples |= {f"{name}_{form}_{figure}": value for figure, value in each.items()}
        if each is not plain:
            samples[f"{name}_{form}_ratio"] = each["per_s"] / plain["per_s"]
            # Of processor time, the more the slower.
            samples[f"{name}_{form}_cpu_ratio"] = plain["cpu_us"] / each["cpu_us"]
    return samples


def sent_in_turn(
    bench: Bench, campaigns: Mapping[str, campaign_pb2.Campaign], fragments: Mapping[str, str] = NO_FRAGMENTS
) -> dict[str, Samples]:
    """Sends the mails of each campaign to a sink. `fragments` are the sources of those that they have, by their ids."""

    def publish(service: Service) -> None:
        for fragment_id, source in fragments.items():
            service.publish(fragment_id, source)

    count = bench.sizes.of_a_round().deliveries
    with ExitStack() as stack:
        services = {
            name: stack.enter_context(sending_service(bench, of, prepare=publish)) for name, of in campaigns.items()
        }
        return costs_in_turn(services, lambda loaded: loaded.send(count))
