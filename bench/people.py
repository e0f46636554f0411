"""Measures the cost of looking people up: one load on a campaign of strangers, on one of known people, on the same with
a cap, and in the mode HIGH.

Each has a service of its own, and they are loaded in turn. The load names other people with each call, so that nobody
reaches the cap. Only the Python client does that: what a service reaches is a lower bound, and the shares are of the
same load.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

from clarion.v1 import campaign_pb2, category_pb2

from bench.bench import Bench
from bench.campaign import campaign
from bench.figures import Samples
from bench.load import PythonLoad
from bench.loaded import accepting_service, costs_in_turn
from bench.measures import Accepting, recipients, round_of, unary
from bench.service import Service, links
from bench.triggers import identity

#: Says how many people take turns. Each gets fewer messages than the cap lets through.
PEOPLE = 2_000
_AT_ONCE = 1_000

FORMS: dict[str, Accepting] = {"unary": unary, "recipients": recipients}


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
    samples = Samples()
    for form, accept in FORMS.items():
        found = _accepting(bench, accept)
        for name, each in found.items():
            samples |= {f"people_{name}_{form}_{figure}": value for figure, value in each.items()}
            if name != "strangers":
                samples[f"people_{name}_{form}_ratio"] = each["per_s"] / found["strangers"]["per_s"]
    return samples


def _accepting(bench: Bench, accept: Accepting) -> dict[str, Samples]:
    load, sizes = PythonLoad(people=PEOPLE), bench.sizes.of_a_round()
    with ExitStack() as stack:
        services = {}
        for name, case in CASES.items():
            service = accepting_service(
                bench, case.make(), load=load, prepare=partial(_add_people, case), **links(bench.folder)
            )
            services[name] = stack.enter_context(service)
        return costs_in_turn(services, round_of(accept, sizes))


def _add_people(case: Case, service: Service) -> None:
    """Makes the recipients known where the case has people, with a consent each, and suppresses somebody else."""
    if not case.has_people:
        return
    for first in range(0, PEOPLE, _AT_ONCE):
        service.import_people([identity(number) for number in range(first, first + _AT_ONCE)])
    service.suppress("nobody@example.com")
    service.add_policy("default", with_cap=case.has_cap)
