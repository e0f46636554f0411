"""Reviews fragments that are to be published: everything that does not depend on who includes them.

Review of a campaign proves the rest with the campaign's context schema, where each fragment stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from clarion_server.adapters.rendering.building.flattening import Flattened, flatten
from clarion_server.adapters.rendering.building.fragment_source import read_source
from clarion_server.adapters.rendering.building.placing import placed, refused
from clarion_server.adapters.rendering.html.scanner import scan
from clarion_server.adapters.rendering.html.source import html_of
from clarion_server.adapters.rendering.inference.checker import review_parameters
from clarion_server.adapters.rendering.inference.effort import ReviewTooLong, limited_effort
from clarion_server.adapters.rendering.inference.report import Report, TooManyFindings
from clarion_server.adapters.rendering.review.html_rules import review_html
from clarion_server.adapters.rendering.schemas.check import EMPTY_OBJECT
from clarion_server.adapters.rendering.schemas.rules import schema_findings
from clarion_server.adapters.rendering.schemas.tree import inline_references
from clarion_server.adapters.rendering.templates.compilation import compile_tree
from clarion_server.adapters.rendering.templates.environment import ENVIRONMENTS, GLOBALS
from clarion_server.adapters.rendering.templates.escaping import Escaping
from clarion_server.adapters.rendering.templates.inline_images import INLINE_IMAGE
from clarion_server.adapters.rendering.templates.structure import VARIABLES, Refusal, parse_template
from clarion_server.adapters.rendering.templates.texts import TRANSLATE
from clarion_server.application.ports.content import Fragments
from clarion_server.domain.finding import Finding, FindingCode, Severity
from clarion_server.domain.fragments.fragment import FragmentKind, FragmentVersion

_SOURCE, _PARAMETERS = "source", "parameters"
_KNOWN = frozenset({*VARIABLES, *GLOBALS, INLINE_IMAGE, TRANSLATE, "loop", "super"})


def review_fragment(fragment: FragmentVersion, fragments: Fragments) -> list[Finding]:
    """Returns the findings, by paths in the fragment. `fragments` are those that it leads to."""
    with limited_effort():
        return _findings(fragment, fragments)


def _findings(fragment: FragmentVersion, fragments: Fragments) -> list[Finding]:
    schema = fragment.content.parameters or EMPTY_OBJECT
    findings = [_of_parameters(finding) for finding in schema_findings(schema)]
    is_sound = all(finding.severity is not Severity.ERROR for finding in findings)
    escaping = Escaping.HTML if fragment.content.kind is FragmentKind.HTML else Escaping.NONE
    flattened = flatten(fragment.content.source, escaping, fragments.get, fragment=fragment)
    if flattened.refusals:
        return findings + list(refused(flattened.refusals, _SOURCE))
    unknown = list(_unknown_names(fragment, escaping))
    found = placed(_of_template(flattened, schema if is_sound else None, escaping), flattened.stretches)
    # What is no parameter was told already.
    told = [each for each in found if not unknown or each.code is not FindingCode.TEMPLATE_UNKNOWN_NAME]
    return [*findings, *unknown, *told]


def _of_parameters(finding: Finding) -> Finding:
    return replace(finding, field=finding.field.replace("context_schema", _PARAMETERS, 1))


def _unknown_names(fragment: FragmentVersion, escaping: Escaping) -> Iterator[Finding]:
    """Yields the names that a fragment would have to take from what includes it."""
    read = read_source(fragment.content.source, ENVIRONMENTS[escaping])
    known = _KNOWN | read.stored | fragment.content.parameter_names
    for name, line in sorted(read.loaded.items(), key=lambda each: each[1]):
        if name not in known:
            message = f"`{name}` is no parameter of the fragment, which sees no other variable of what includes it."
            remedy = f"Add it to the properties of `parameters`, or write `context.{name}`."
            yield Finding(Severity.ERROR, FindingCode.FRAGMENT_PARAMETER, _SOURCE, message, remedy, line)


def _of_template(flattened: Flattened, schema: Mapping[str, Any] | None, escaping: Escaping) -> list[Finding]:
    environment = ENVIRONMENTS[escaping]
    tree, refusals = parse_template(flattened.text, environment)
    if tree is None or refusals:
        return [_refused(refusal) for refusal in refusals]
    report = Report(_SOURCE)
    with suppress(TooManyFindings):
        try:
            if schema is not None:
                review_parameters(tree, inline_references(schema, schema), report)
        except ReviewTooLong:
            message = "The template and the schema of its parameters are too complicated together to be reviewed."
            remedy = "Split loops and conditions up, or give the schema fewer alternatives."
            report.error(FindingCode.TEMPLATE_UNSAFE, 0, message, remedy)
        if escaping is Escaping.HTML:
            review_html(scan(html_of(flattened.text)), report)
    code = compile_tree(tree, environment)
    # One that shows nothing by itself may well set a style, or be a layout of blocks.
    found = [finding for finding in report.findings if finding.code is not FindingCode.CONTENT_EMPTY]
    return [*found, _refused(code)] if isinstance(code, Refusal) else found


def _refused(refusal: Refusal) -> Finding:
    return Finding(Severity.ERROR, refusal.code, _SOURCE, refusal.message, refusal.remedy, refusal.line)
