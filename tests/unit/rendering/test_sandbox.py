"""A template reaches the data it is given, and nothing else."""

from __future__ import annotations

import pytest
from clarion_server.application.ports.content import ContentInvalid, RenderingFailed

from tests.unit.rendering.contents import rendered

ESCAPES = [
    "{{ ''.__class__.__mro__ }}",
    "{{ context.__class__ }}",
    "{{ context['__class__'] }}",
    "{{ context.pop('x') }}",
    "{{ context.items.__func__ }}",
    "{{ (1).real }}",
    "{{ 'x'.format(1) }}",
    "{{ '{0.__class__}'.format(context) }}",
    "{{ self }}",
    "{{ self._TemplateReference__context }}",
    "{{ range.__init__ }}",
    "{{ loop }}",
    "{{ lipsum.__globals__ }}",
    "{{ cycler.__init__.__globals__ }}",
    "{{ namespace() }}",
    "{{ dict(a=1) }}",
    "{{ joiner() }}",
    "{% for x in [1] %}{{ loop.__class__ }}{% endfor %}",
    "{% for x in [1] %}{{ loop._iterator }}{% endfor %}",
    "{% for x in [1] %}{% set l = loop %}{{ l }}{% endfor %}",
    "{{ [1] | map(attribute='__class__') | list | first }}",
    "{{ [context] | map(attribute='pop') | first }}",
    "{{ context | attr('pop') }}",
    "{{ context | pprint }}",
    "{{ [1] | map('<pay loop>', 1) | first }}",
    "{{ [context.x] | groupby('__class__') }}",
    "{% include '/etc/passwd' %}",
    "{% import 'os' as os %}",
    "{% from 'os' import path %}",
    "{% extends 'x' %}",
    "{% block a %}{% endblock %}",
    "{% macro a() %}{{ caller() }}{% endmacro %}{{ a() }}",
    "{% call a() %}{% endcall %}",
    "{% filter upper %}x{% endfilter %}",
    "{% set x %}y{% endset %}",
    "{% autoescape false %}{{ context.x }}{% endautoescape %}",
    "{% set context = 1 %}{{ context }}",
    "{% for context in [1] %}{{ context }}{% endfor %}",
    "{% with recipient = 1 %}{{ recipient }}{% endwith %}",
    "{% set ns.x = 1 %}",
    "{% do 1 %}",
    "{% debug %}",
    "{% for x in [1] recursive %}{{ loop([x]) }}{% endfor %}",
    "{{ context.x(*[1]) }}",
    "{{ context.x | truncate(*[1]) }}",
]


@pytest.mark.parametrize("template", ESCAPES)
def test_there_is_no_way_out_of_a_template(template: str) -> None:
    with pytest.raises((ContentInvalid, RenderingFailed)):
        rendered({"x": "y"}, html=template)


def test_data_is_never_taken_for_a_template() -> None:
    assert rendered({"x": "{{ 1 + 1 }}"}, text="{{ context.x }}").text == "{{ 1 + 1 }}"


def test_no_template_changes_the_data_of_the_next_part() -> None:
    email = rendered({"x": [2, 1]}, html="{{ context.x | sort | join }}", text="{{ context.x | join }}")
    assert (email.html, email.text) == ("12", "21")
