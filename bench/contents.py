"""The cost of many contents: a campaign with 1,960 of them, for 20 rules in 49 languages of two actions, is created,
reviewed and made live, while somebody else asks for something small all the time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from time import monotonic

from clarion.v1 import campaign_pb2, email_content_pb2, targeting_pb2

from bench.bench import Bench
from bench.campaign import HTML, SUBJECT, TEXT, campaign
from bench.figures import Samples
from bench.service import Service, running_service

RULES = 20
LOCALES = [
    *("en", "am", "ar", "az", "be", "bg", "bn", "bs", "ca", "cs", "cy", "da", "de", "el", "eo", "es", "et", "eu", "fa"),
    *("fi", "fr", "ga", "gl", "gu", "he", "hi", "hr", "hu", "hy", "id", "is", "it", "ja", "ka", "kk", "km", "kn", "ko"),
    *("lo", "lt", "lv", "mk", "ml", "mn", "mr", "ms", "my", "nb", "nl"),
]
_ID = "many-contents"

Form = Callable[[str], email_content_pb2.EmailContent]


def short(words: str) -> email_content_pb2.EmailContent:
    return email_content_pb2.EmailContent(
        subject=f"{words} {{{{ context.order_id }}}}", html=f"<p>{words} {{{{ context.name }}}}</p>"
    )


def mail(words: str) -> email_content_pb2.EmailContent:
    """Returns the usual mail in other words."""
    return email_content_pb2.EmailContent(
        subject=f"{words}: {SUBJECT}", html=HTML.replace("Hello", words), text=TEXT.replace("Hello", words)
    )


def with_contents(form: Form) -> campaign_pb2.Campaign:
    many = campaign()
    del many.actions[:]
    for number in range(2):
        action = campaign().actions[0]
        action.id = f"action-{number}"
        for rule in range(RULES):
            action.rules.append(targeting_pb2.TargetingRule(id=f"r{rule}", condition=f"context.total > {rule}.0"))
            for locale in LOCALES:
                email = form(f"In {locale} for {rule} by {number}")
                action.variants.append(campaign_pb2.ContentVariant(rule=f"r{rule}", locale=locale, email=email))
        many.actions.append(action)
    return many


def contents(bench: Bench) -> Samples:
    """Processor time of each step with short contents and with the usual mail, and the longest wait of another call."""
    samples: Samples = {}
    if bench.floors_only:
        return samples
    for name, form in {"short": short, "mail": mail}.items():
        with running_service(bench.folder, bench.placement.server) as (service, _):
            service.set_up(sink_port=1)
            many = with_contents(form)
            with longest_wait(service) as longest_ms:
                found = dict(_steps(service, many))
                found["longest_wait_ms"] = longest_ms()
            samples |= {f"contents_{name}_{figure}": value for figure, value in found.items()}
    return samples


def _steps(service: Service, many: campaign_pb2.Campaign) -> Iterator[tuple[str, float]]:
    """Yields the processor time of each step."""
    before = sum(service.cpu_seconds())
    service.create(_ID, many)
    created = sum(service.cpu_seconds())
    yield "create_cpu_s", created - before
    service.review(_ID)
    reviewed = sum(service.cpu_seconds())
    yield "review_cpu_s", reviewed - created
    service.activate(_ID)
    yield "activate_cpu_s", sum(service.cpu_seconds()) - reviewed


@contextmanager
def longest_wait(service: Service) -> Iterator[Callable[[], float]]:
    """Calls for something small, again and again, and yields what returns the longest wait for an answer."""
    ended, waits = Event(), [0.0]

    def ask() -> None:
        while not ended.wait(0.005):
            begin = monotonic()
            service.await_first_answer()
            waits.append(monotonic() - begin)

    asking = Thread(target=ask)
    asking.start()
    try:
        yield lambda: 1e3 * max(waits)
    finally:
        ended.set()
        asking.join()
