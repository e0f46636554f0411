"""The description of the HTTP door is the contract's, can be read, and is kept to."""

from __future__ import annotations

import subprocess
import sysconfig
from html.parser import HTMLParser
from pathlib import Path

import pytest
from clarion_server.transport.http.bindings import bindings_of

from tests.e2e.http.calls import Http
from tests.e2e.wire.calls import METHODS
from tests.service import Sandbox, Service

SCHEMATHESIS = Path(sysconfig.get_path("scripts"), "schemathesis")
#: Streams, which do not end, and a call that connects to any host it is told.
LEFT_OUT = "(watch|triggerStream|verify)$"
#: Valid data may break rules that no schema can tell. And the JSON mapping of protobuf takes more than schemas show:
#: null for what is left out, numbers as text.
UNFIT_CHECKS = "positive_data_acceptance,negative_data_rejection"


def test_every_rpc_is_described_with_what_it_may_be_refused_with(http: Http) -> None:
    answer = http.get("/openapi.json")
    assert (answer.code, answer.headers["content-type"]) == (200, "application/json")
    described = [
        (method.upper(), operation["operationId"])
        for methods in answer.json["paths"].values()
        for method, operation in methods.items()
        if operation["description"] and {"200", "400", "401", "429", "503"} <= operation["responses"].keys()
    ]
    bindings = [binding for method in METHODS.values() for binding in bindings_of(method)]
    assert len(bindings) >= len(METHODS)
    assert sorted(described) == sorted((binding.http_method, binding.method.name) for binding in bindings)


def test_comments_become_descriptions_and_limits_constraints(http: Http) -> None:
    schemas = http.get("/openapi.json").json["components"]["schemas"]
    name = schemas["Campaign"]["properties"]["displayName"]
    assert name == {
        "type": "string",
        "minLength": 1,
        "maxLength": 200,
        "description": "What people call the campaign. 1 to 200 characters.",
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
    """Notes what a page loads and which places its links lead to."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.places: set[str] = set()
        self.links: set[str] = set()
        self.sources: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            if name == "id":
                self.places.add(f"#{value}")
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
    assert page.links - {"/openapi.json"} <= page.places
    assert {f"#{method.name}" for method in METHODS.values()} <= page.places


def test_it_needs_no_key_and_names_no_way_to_put_one_into_a_url(service: Service) -> None:
    with Http(service.http) as stranger:
        document = stranger.get("/openapi.json").json
    assert document["security"] == [{"key": []}]
    (scheme,) = document["components"]["securitySchemes"].values()
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")


@pytest.mark.timeout(180)
def test_schemathesis_finds_nothing(service: Service, sandbox: Sandbox, tmp_path: Path) -> None:
    command = [
        *(str(SCHEMATHESIS), "run", f"{service.http}/openapi.json", "--no-color", "--seed", "1"),
        *("--header", f"Authorization: Bearer {sandbox.admin_key}"),
        *("--phases", "examples,coverage,fuzzing", "--max-examples", "2", "--generation-database", "none"),
        *("--exclude-path-regex", LEFT_OUT, "--exclude-checks", UNFIT_CHECKS),
    ]
    found = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert found.returncode == 0, found.stdout
    print(next(line for line in found.stdout.splitlines() if " generated" in line))
    assert "failed" not in service.log.read_text()
