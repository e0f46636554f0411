"""The OpenAPI description comes from the contract, can be read, and is true."""

from __future__ import annotations

import os
import subprocess
import sysconfig
from html.parser import HTMLParser
from pathlib import Path

import pytest
from clarion_client import Fragment, Recipient, Scope, TestCase
from clarion_server.transport.http.bindings import bindings_of

from tests.campaigns import CONTEXT, campaign, channel
from tests.contract_services import METHODS
from tests.e2e.http.calls import Http
from tests.service import Sandbox, Service

SCHEMATHESIS = Path(sysconfig.get_path("scripts"), "schemathesis")
SOAK = bool(os.environ.get("CLARION_SOAK"))
#: Streams do not end, and Verify connects to any host that it is given.
LEFT_OUT = "(watch|[a-z]Stream|verify)$"
#: Most rules cannot be told by a schema: templates compile, schedules end after they begin, ids exist. What the schemas
#: allow is therefore refused at times. All other checks are on, that of data which the schemas forbid included.
UNFIT_CHECK = "positive_data_acceptance"
#: For each operation, beside those that cover every keyword of the schemas (about 2,000 in all).
EXAMPLES = 50 if SOAK else 3
#: How long, in seconds, a call may take, however much else the machine does. Schemathesis itself waits for ten.
CALL_SECONDS = 300
ROOT = Path(__file__).resolve().parents[3]


def test_every_rpc_is_described_with_its_refusals(http: Http) -> None:
    answer = http.get("/openapi.json")
    assert (answer.code, answer.headers["content-type"]) == (200, "application/json")
    described = [
        (method.upper(), operation["operationId"])
        for methods in answer.json["paths"].values()
        for method, operation in methods.items()
        if operation["description"] and {"200", "400", "401", "429", "503"} <= operation["responses"].keys()
    ]
    bindings = [binding for method in METHODS.values() for binding in bindings_of(method)]
    # Over HTTP, CreateAttachment uploads files.
    assert {method.name for method in METHODS.values() if not bindings_of(method)} == {"UploadAttachment"}
    assert sorted(described) == sorted((binding.http_method, binding.method.name) for binding in bindings)


def test_comments_become_descriptions_and_limits_constraints(http: Http) -> None:
    schemas = http.get("/openapi.json").json["components"]["schemas"]
    name = schemas["Campaign"]["properties"]["displayName"]
    assert name == {
        "type": "string",
        "minLength": 1,
        "maxLength": 200,
        "description": "Says what people call the campaign. Has 1 to 200 characters.",
    }
    tags = schemas["Campaign"]["properties"]["tags"]
    assert (tags["maxItems"], tags["uniqueItems"], tags["items"]["maxLength"]) == (20, True, 63)
    assert schemas["SmtpProvider"]["properties"]["password"]["writeOnly"]
    assert schemas["Campaign"]["properties"]["state"]["readOnly"]
    assert "STATE_LIVE" in schemas["Campaign.State"]["enum"]


def test_what_a_call_needs_is_required(http: Http) -> None:
    paths = http.get("/openapi.json").json["paths"]
    body = paths["/v1/campaigns/{campaign}:stop"]["post"]["requestBody"]
    assert body["required"]
    assert body["content"]["application/json"]["schema"]["required"] == ["queueDisposal"]


def test_a_generated_python_client_does_not_take_the_name_of_clarions_own(http: Http) -> None:
    """Generators name their package after the title, in snake case, with `client` at its end."""
    title = http.get("/openapi.json").json["info"]["title"]
    assert f"{title.lower().replace(' ', '_')}_client" not in {"clarion", "clarion_client", "clarion_server"}


class Page(HTMLParser):
    """Collects what a page loads, its anchors and its links."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.anchors: set[str] = set()
        self.links: set[str] = set()
        self.sources: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            if name == "id":
                self.anchors.add(f"#{value}")
            elif name == "href":
                self.links.add(str(value))
            elif name in {"src", "srcset", "action"}:
                self.sources.append(str(value))


def test_the_page_shows_every_operation_and_loads_nothing(http: Http) -> None:
    answer = http.get("/docs")
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    page = Page()
    page.feed(answer.body.decode())
    assert not page.sources
    assert not page.tags & {"script", "link", "iframe", "img"}
    assert page.links - {"/openapi.json"} <= page.anchors
    assert {f"#{method.name}" for method in METHODS.values() if bindings_of(method)} <= page.anchors


def test_the_description_needs_no_key_and_puts_none_into_a_url(service: Service) -> None:
    with Http(service.http) as stranger:
        document = stranger.get("/openapi.json").json
    assert document["security"] == [{"key": []}]
    (scheme,) = document["components"]["securitySchemes"].values()
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")


@pytest.mark.timeout(3600)
@pytest.mark.soak
def test_schemathesis_finds_no_answer_that_the_description_does_not_have(
    service: Service, sandbox: Sandbox, tmp_path: Path
) -> None:
    settings = tmp_path / "schemathesis.toml"
    settings.write_text("[parameters]\n" + "".join(f'"path.{name}" = "{id_}"\n' for name, id_ in existing(sandbox)))
    command = [
        *(str(SCHEMATHESIS), "--config-file", str(settings), "run", f"{service.http}/openapi.json", "--no-color"),
        *("--header", f"Authorization: Bearer {sandbox.admin_key}", "--exclude-checks", UNFIT_CHECK),
        *("--phases", "examples,coverage,fuzzing", "--max-examples", str(EXAMPLES)),
        # Under `make soak` the examples are new ones in every run.
        *(() if SOAK else ("--seed", "1")),
        *("--generation-database", "none", "--exclude-path-regex", LEFT_OUT),
        *("--request-timeout", str(CALL_SECONDS)),
        # How long it takes to make data says more about what else the machine does, and how much of it is thrown
        # away says more about the seed.
        *("--suppress-health-check", "too_slow,filter_too_much"),
    ]
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "SCHEMATHESIS_HOOKS": "tests.e2e.http.schemathesis_hooks",
        # There Hypothesis keeps its tables of Unicode, which take seconds to make.
        "HYPOTHESIS_STORAGE_DIRECTORY": str(ROOT / ".hypothesis"),
    }
    found = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment, check=False)
    assert found.returncode == 0, found.stdout
    print(next(line for line in found.stdout.splitlines() if " generated" in line))
    assert "failed" not in service.log.read_text()


def existing(sandbox: Sandbox) -> list[tuple[str, str]]:
    """Returns the ids of a live campaign and of what belongs to it, by the names of the parameters of paths."""
    with sandbox.client() as client:
        client.channels.create(channel("orders", port=1))
        client.campaigns.create(campaign("orders", "orders"))
        client.campaigns.activate("orders")
        client.fragments.create(Fragment(name="footer", source="<p>The Shop</p>"))
        client.test_cases.create(TestCase(name="orders/plain", context=CONTEXT))
        answer = client.trigger("orders", [Recipient(identity="email:sent@clarion.test", context=CONTEXT)])
        # Another key than the one of the calls, as it will be revoked.
        key = client.keys.create("spare", [Scope.READ]).api_key.name
        (message,) = client.messages.list(execution=answer.execution)
    names = {"apiKey": key, "execution": answer.execution, "message": message.name}
    ids = {name: full.rpartition("/")[2] for name, full in names.items()}
    # A wrong campaign or version is replaced too, and must not lead to an answer then: that version does not exist.
    return [
        *ids.items(),
        ("campaign", "orders"),
        ("channelConfiguration", "orders"),
        ("version", "9"),
        ("testCase", "plain"),
        ("fragment", "footer"),
    ]
