"""The cost of layouts and of inlined styles: the usual mail is sent as it is, with a layout and fragments, and with a
style sheet that is inlined. All three look alike. The campaigns take turns, each with a service of its own.
"""

from __future__ import annotations

from collections.abc import Mapping

from clarion.v1 import campaign_pb2, email_content_pb2

from bench.bench import Bench
from bench.campaign import HTML, campaign
from bench.figures import Samples
from bench.targeting import sent_in_turn

#: Where the part of the mail begins and ends that its content writes, and the row that a fragment writes.
_START, _END = HTML.index("<h1 style"), HTML.index("</td></tr></table>\n</td></tr></table>")
_ROW = HTML.index("<tr><td>Shipping")
_ROW_END = HTML.index("</table>", _ROW)

_LAST = '{% include "fragments/end" %}'
#: By their ids, in the order in which they are published. The content names one of them, and its layout another one.
FRAGMENTS: Mapping[str, str] = {
    "end": "<!-- the end -->",
    "shipping": HTML[_ROW:_ROW_END],
    "base": HTML[:_START] + "{% block main %}{% endblock %}" + HTML[_END:].replace("</body>", _LAST + "</body>"),
}
_CLASSES = {
    "head": "margin:0 0 16px;font-size:20px",
    "thanks": "margin:0 0 16px",
    "rows": "border-top:1px solid #dddddd",
    "last": "margin:16px 0 0",
    "frame": "background:#ffffff;border-radius:6px",
    "inner": "padding:24px",
}


def with_layout() -> campaign_pb2.Campaign:
    """Returns the usual campaign, whose mail is a layout with blocks and fragments."""
    main = HTML[_START:_ROW] + '{% include "fragments/shipping" %}' + HTML[_ROW_END:_END]
    return _with('{% extends "fragments/base" %}{% block main %}' + main + "{% endblock %}")


def with_sheet() -> campaign_pb2.Campaign:
    """Returns the usual campaign, whose styles stand in a sheet."""
    html = HTML
    for name, style in _CLASSES.items():
        html = html.replace(f'style="{style}"', f'class="{name}"')
    rules = "".join(f".{name} {{ {style} }}" for name, style in _CLASSES.items())
    return _with(
        html.replace("</head>", f"<style>{rules}</style></head>"), email_content_pb2.EmailContent.TRANSFORM_INLINE_CSS
    )


def _with(
    html: str, transform: email_content_pb2.EmailContent.Transform.ValueType | None = None
) -> campaign_pb2.Campaign:
    made = campaign()
    email = made.actions[0].email
    email.html = html
    if transform is not None:
        email.transform = transform
    return made


def layouts(bench: Bench) -> Samples:
    """Measures sending with a layout and with inlined styles, and its share of the usual campaign."""
    if bench.floors_only:
        return {}
    campaigns = {"plain": campaign(), "layout": with_layout(), "inlined": with_sheet()}
    found = sent_in_turn(bench, campaigns, FRAGMENTS)
    samples = {f"mail_{name}_sent_{figure}": value for name, each in found.items() for figure, value in each.items()}
    for name in ("layout", "inlined"):
        # Of processor time, the more the slower.
        samples[f"mail_{name}_sent_cpu_ratio"] = found["plain"]["cpu_us"] / found[name]["cpu_us"]
    return samples
