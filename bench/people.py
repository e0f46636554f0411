"""The cost of looking people up: one load on a campaign of strangers, on one of known people, and in the mode HIGH.

Each has a service of its own. The load sends the same bytes again and again, and would reach any cap after a hundred
calls; what a cap costs is measured within the process (`docs/performance.md`).
"""

from __future__ import annotations

from collections.abc import Callable

from clarion.v1 import campaign_pb2, category_pb2

from bench.campaign import campaign
from bench.driver import Driver
from bench.figures import Samples
from bench.load import Target
from bench.measures import Bench, Sizes, recipients_per_s, unary_per_s
from bench.process import BenchError
from bench.service import Service, links, running_service
from bench.triggers import RECIPIENTS_PER_CALL, identity

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
    """The usual campaign, which looks nobody up."""
    unlooked = campaign()
    unlooked.throughput_mode = campaign_pb2.THROUGHPUT_MODE_HIGH
    return unlooked


#: By the name of the figure: the campaign, and whether its sandbox knows the recipients.
CAMPAIGNS: dict[str, tuple[Callable[[], campaign_pb2.Campaign], bool]] = {
    "strangers": (campaign, False),
    "known": (known, True),
    "high": (high, True),
}


def people(bench: Bench) -> Samples:
    """Accepting of each campaign, and as a share of accepting for strangers."""
    if bench.floors_only:
        return {}
    found = {name: _accepting(bench, *how) for name, how in CAMPAIGNS.items()}
    samples = {f"people_{name}_{figure}": value for name, each in found.items() for figure, value in each.items()}
    for name in ("known", "high"):
        for form in FORMS:
            ratio = found[name][f"{form}_per_s"] / found["strangers"][f"{form}_per_s"]
            samples[f"people_{name}_{form}_ratio"] = ratio
    return samples


def _accepting(bench: Bench, make: Callable[[], campaign_pb2.Campaign], has_people: bool) -> Samples:
    samples = {}
    for form, accept in FORMS.items():
        with running_service(bench.folder, bench.placement.server, **links(bench.folder)) as (service, _):
            if has_people:
                _add_people(service)
            service.set_up(sink_port=1, of=make())
            service.hold()
            driver = Driver(bench.load, Target(service.port, service.authorization, bench.placement.load))
            before = sum(service.cpu_seconds())
            samples[f"{form}_per_s"] = accept(driver, bench.sizes)
            samples[f"{form}_cpu_us"] = 1e6 * (sum(service.cpu_seconds()) - before) / driver.acknowledged
            if (recorded := service.report().queued_count) != driver.acknowledged:
                raise BenchError(f"{driver.acknowledged} messages were acknowledged, {recorded} wait")
    return samples


def _add_people(service: Service) -> None:
    """Makes the recipients known, with a consent each, and suppresses somebody else."""
    identities = [identity(number) for number in range(RECIPIENTS_PER_CALL)]
    service.import_people(identities)
    service.suppress("nobody@example.com")
    service.add_policy("default")
