"""Measures the cost of looking people up: one load on a campaign of strangers, on one of known people, on the same with
a cap, and in the mode HIGH.

Each has a service of its own. The load names other people with each call, so that nobody reaches the cap. Only the
Python client does that: what a service reaches is a lower bound, and the shares are of the same load.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from clarion.v1 import campaign_pb2, category_pb2

from bench.campaign import campaign
from bench.driver import Driver
from bench.figures import Samples
from bench.load import PythonLoad, Target
from bench.measures import Bench, Sizes, recipients_per_s, unary_per_s
from bench.process import BenchError
from bench.service import Service, links, running_service
from bench.triggers import identity

#: Says how many people take turns. Each gets fewer messages than the cap lets through.
PEOPLE = 2_000
_AT_ONCE = 1_000

FORMS: dict[str, Callable[[Driver, Sizes], float]] = {"unary": unary_per_s, "recipients": recipients_per_s}


def known() -> campaign_pb2.Campaign:
    """Marketing that reads an attribute of everybody, asks for consent, and keeps the hours of a policy."""
    marketing = campaign()
    marketing.category = category_pb2.CATEGORY_MARKETING
    marketing.actions[
        0
    ].email.subject = "Your order {{ context.order_id }}, {{ profile.first_name | default('friend') }}"
    return marketing


def high() -> campaign_pb2.Campaign:
    """Returns the usual campaign, which looks nobody up."""
    unlooked = campaign()
    unlooked.throughput_mode = campaign_pb2.THROUGHPUT_MODE_HIGH
    return unlooked


@dataclass(frozen=True, slots=True)
class Case:
    make: Callable[[], campaign_pb2.Campaign]
    has_people: bool = True
    """Says whether its sandbox knows the recipients."""
    has_cap: bool = False


#: By the name of the figure.
CASES = {
    "strangers": Case(campaign, has_people=False),
    "known": Case(known),
    "capped": Case(known, has_cap=True),
    "high": Case(high),
}


def people(bench: Bench) -> Samples:
    """Measures the accepting of each campaign, and its share of accepting for strangers."""
    if bench.floors_only:
        return {}
    found = {name: _accepting(bench, case) for name, case in CASES.items()}
    samples = {f"people_{name}_{figure}": value for name, each in found.items() for figure, value in each.items()}
    for name in ("known", "capped", "high"):
        for form in FORMS:
            ratio = found[name][f"{form}_per_s"] / found["strangers"][f"{form}_per_s"]
            samples[f"people_{name}_{form}_ratio"] = ratio
    return samples


def _accepting(bench: Bench, case: Case) -> Samples:
    samples = {}
    load = PythonLoad(people=PEOPLE)
    for form, accept in FORMS.items():
        with running_service(bench.folder, bench.placement.server, **links(bench.folder)) as (service, _):
            if case.has_people:
                _add_people(service, case)
            service.set_up(sink_port=1, of=case.make())
            service.hold()
            driver = Driver(load, Target(service.port, service.authorization, bench.placement.load))
            before = sum(service.cpu_seconds())
            samples[f"{form}_per_s"] = accept(driver, bench.sizes)
            samples[f"{form}_cpu_us"] = 1e6 * (sum(service.cpu_seconds()) - before) / driver.acknowledged
            if (recorded := service.report().queued_count) != driver.acknowledged:
                raise BenchError(f"{driver.acknowledged} messages were acknowledged, {recorded} wait")
    return samples


def _add_people(service: Service, case: Case) -> None:
    """Makes the recipients known, with a consent each, and suppresses somebody else."""
    for first in range(0, PEOPLE, _AT_ONCE):
        service.import_people([identity(number) for number in range(first, first + _AT_ONCE)])
    service.suppress("nobody@example.com")
    service.add_policy("default", with_cap=case.has_cap)
