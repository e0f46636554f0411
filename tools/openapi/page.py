"""Writes the description as one page to read, which loads nothing and runs no script."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

_STYLE = """
:root{--ink:#1d2329;--soft:#5b6670;--line:#dde2e7;--paper:#fff;--shade:#f5f7f9;--accent:#0b6e6e;color-scheme:light dark}
@media(prefers-color-scheme:dark){:root{--ink:#e6eaee;--soft:#9aa6b1;--line:#323b44;--paper:#14191e;--shade:#1c232a;
--accent:#58c4c4}}
*{box-sizing:border-box}body{margin:0;font:16px/1.55 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
main{max-width:60rem;margin:0 auto;padding:1.5rem 1rem 6rem}h1{margin:.5rem 0}h2{margin:3rem 0 .5rem;padding-top:1rem;
border-top:1px solid var(--line)}h3{font-size:.8rem;letter-spacing:.06em;text-transform:uppercase;color:var(--soft);
margin:1.2rem 0 .3rem}code{font:.9em ui-monospace,monospace;background:var(--shade);padding:.1em .3em;border-radius:3px}
a{color:var(--accent)}nav{columns:16rem;margin:1rem 0}nav a{display:block}
details{border:1px solid var(--line);border-radius:6px;margin:.5rem 0;background:var(--paper)}
details>div{padding:0 1rem 1rem;overflow-x:auto}summary{padding:.55rem 1rem;cursor:pointer}
summary b{display:inline-block;min-width:4.2rem;color:var(--accent);font:600 .8rem ui-monospace,monospace}
summary code{background:none;font-weight:600;overflow-wrap:anywhere}summary small{color:var(--soft);margin-left:.5rem}
table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.4rem .8rem .4rem 0;
border-top:1px solid var(--line)}th{font-weight:600;white-space:nowrap}td:nth-child(2){color:var(--soft);min-width:9rem}
td p,td ul{margin:0}
"""

#: Holds the texts for the keywords of a schema that are shown beside its type.
_LIMITS = {
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minimum": "from {}",
    "maximum": "to {}",
    "minItems": "at least {}",
    "maxItems": "at most {}",
    "maxProperties": "at most {}",
}


def write(document: dict[str, Any], target: Path) -> None:
    target.write_text("\n".join(_page(document)) + "\n", encoding="utf-8")


def _page(document: dict[str, Any]) -> Iterator[str]:
    info = document["info"]
    yield f'<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8"><title>{escape(info["title"])}</title>'
    yield f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>\n<body><main>'
    yield f"<h1>{escape(info['title'])} {escape(info['version'])}</h1>\n{_prose(info['description'])}"
    yield '<p>For programs: <a href="/openapi.json">openapi.json</a> (OpenAPI 3.1).</p>'
    yield "<nav>" + "".join(f'<a href="#{tag["name"]}">{tag["name"]}</a>' for tag in document["tags"])
    yield '<a href="#schemas">Schemas</a></nav>'
    for tag in document["tags"]:
        yield f'<h2 id="{tag["name"]}">{tag["name"]}</h2>\n{_prose(tag["description"])}'
        yield from _operations(document, tag["name"])
    yield '<h2 id="refusals">Refusals</h2><table>'
    for code, response in document["components"]["responses"].items():
        yield f"<tr><th>{code}</th><td></td><td>{_prose(response['description'])}</td></tr>"
    yield '</table>\n<h2 id="schemas">Schemas</h2>'
    for name, schema in document["components"]["schemas"].items():
        yield f'<details id="{name}"><summary><code>{name}</code></summary><div>{_schema(schema)}</div></details>'
    yield "</main></body></html>"


def _operations(document: dict[str, Any], tag: str) -> Iterator[str]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if tag in operation["tags"]:
                yield from _operation(path, method, operation)


def _operation(path: str, method: str, operation: dict[str, Any]) -> Iterator[str]:
    yield f'<details id="{operation["operationId"]}"><summary><b>{method.upper()}</b><code>{escape(path)}</code>'
    yield f"<small>{_inline(operation['summary'])}</small></summary><div>{_prose(operation['description'])}"
    if operation["parameters"]:
        yield "<h3>Parameters</h3><table>"
        for parameter in operation["parameters"]:
            where = f"in the {parameter['in']}{', required' if parameter['required'] else ''}"
            yield _row(parameter["name"], parameter["schema"], where, parameter.get("description", ""))
        yield "</table>"
    if "requestBody" in operation:
        yield "<h3>Body</h3>" + "".join(_contents(operation["requestBody"]["content"]))
    answer = operation["responses"]["200"]
    yield f"<h3>Answer</h3>{_prose(answer['description'])}{''.join(_contents(answer['content']))}</div></details>"


def _contents(contents: dict[str, Any]) -> Iterator[str]:
    for media_type, content in contents.items():
        yield f"<p><code>{media_type}</code></p>{_schema(content['schema'])}"


def _schema(schema: dict[str, Any]) -> str:
    if "properties" not in schema:
        return f"<p>{_type(schema)}</p>{_prose(schema.get('description', ''))}"
    required = set(schema.get("required", ()))
    rows = (
        _row(name, each, "required" if name in required else "", each.get("description", ""))
        for name, each in schema["properties"].items()
    )
    return f"{_prose(schema.get('description', ''))}<table>{''.join(rows)}</table>"


def _row(name: str, schema: dict[str, Any], remark: str, text: str) -> str:
    remarks = [_type(schema), *_limits(schema), *([remark] if remark else []), *_access(schema)]
    return f"<tr><th>{escape(name)}</th><td>{'<br>'.join(remarks)}</td><td>{_prose(text)}</td></tr>"


def _type(schema: dict[str, Any]) -> str:
    if reference := schema.get("$ref"):
        name = reference.rpartition("/")[2]
        return f'<a href="#{name}">{name}</a>'
    if "allOf" in schema:
        whole, more = schema["allOf"]
        return f"{_type(whole)} with {', '.join(f'<code>{name}</code>' for name in more['required'])}"
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}"
    if isinstance(entries := schema.get("additionalProperties"), dict):
        return f"object of {_type(entries)}"
    kind = schema.get("format") if schema.get("type") == "string" else None
    return escape(str(kind if kind == "date-time" else schema.get("type", "object")))


def _limits(schema: dict[str, Any]) -> Iterator[str]:
    yield from (text.format(f"{schema[key]:,}") for key, text in _LIMITS.items() if key in schema)


def _access(schema: dict[str, Any]) -> Iterator[str]:
    yield from (text for key, text in {"readOnly": "output only", "writeOnly": "input only"}.items() if key in schema)


def _prose(text: str) -> str:
    """Converts the Markdown that comments use: paragraphs, lists, code."""
    return "".join(_paragraph(block) for block in re.split(r"\n\n+", text.strip()) if block)


def _paragraph(block: str) -> str:
    head, *entries = re.split(r"(?:^|\n)- ", block)
    entries_ = "".join(f"<li>{_inline(entry)}</li>" for entry in entries)
    return (f"<p>{_inline(head)}</p>" if head else "") + (f"<ul>{entries_}</ul>" if entries_ else "")


def _inline(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text, quote=False))
