"""Adds the language and the direction of reading to the HTML of a mail, where its author left them out."""

from __future__ import annotations

import re
from functools import lru_cache

from clarion_server.adapters.rendering.languages.locale_data import is_right_to_left

# What does not end goes on to the end of the mail, so that each of these takes linear time.
_COMMENT = r"!--.*?(?:-->|\Z)"
_REST = r"""((?:[^>"']++|"[^"]*(?:"|\Z)|'[^']*(?:'|\Z))*)(?:>|\Z)"""
# The `<` stands before the alternatives, because Python looks for one first character faster than for several.
_ROOT = re.compile(f"<(?:{_COMMENT}|html(?=[\\s/>]){_REST})", re.IGNORECASE | re.DOTALL)
_BODY = re.compile(f"<(?:{_COMMENT}|body(?=[\\s/>]){_REST})", re.IGNORECASE | re.DOTALL)
_ELEMENT = re.compile(f"<(?:{_COMMENT}|[a-z][^\\s/>]*{_REST})", re.IGNORECASE | re.DOTALL)
_LANG, _DIR = (re.compile(rf"(?:^|\s){name}\s*=", re.IGNORECASE) for name in ("lang", "dir"))
_STYLE = re.compile("""\\bstyle\\s*=\\s*["']""", re.IGNORECASE)
_HEAD_END = re.compile("</head\\s*>", re.IGNORECASE)

#: The longest beginning of a mail whose root element is looked at once for all mails that begin so.
_LONGEST_KEPT = 512


def with_language(html: str, locale: str) -> str:
    """Returns the HTML with `lang` and `dir` on its root element.

    For a script that is read from right to left, the direction also stands on the first element in the body: Gmail
    drops the root element.
    """
    if not html:
        return html
    is_rtl = is_right_to_left(locale)
    # Nearly all mails of a content begin with the same text, up to the end of their root element.
    start = html.find("<html", 0, _LONGEST_KEPT)
    end = html.find(">", start, _LONGEST_KEPT) + 1 if start >= 0 else 0
    opening = _opening(html[:end], locale) if end else None
    html = _with_root(html, locale, is_rtl=is_rtl) if opening is None else opening + html[end:]
    return _with_direction(html) if is_rtl else html


def _with_root(html: str, locale: str, *, is_rtl: bool) -> str:
    root = _first(_ROOT, html, 0)
    if root is None:
        return html
    at, attributes = root.start(1), root[1]
    lang = "" if _LANG.search(attributes) else f' lang="{locale}"'
    direction = "" if _DIR.search(attributes) else f' dir="{"rtl" if is_rtl else "ltr"}"'
    return f"{html[:at]}{lang}{direction}{html[at:]}"


@lru_cache(maxsize=256)
def _opening(html: str, locale: str) -> str | None:
    """Does the same to the beginning of a mail; None where the root element does not surely end with it."""
    root = _first(_ROOT, html, 0)
    if root is None or root.end(1) + 1 != len(html):
        return None
    return _with_root(html, locale, is_rtl=is_right_to_left(locale))


def _with_direction(html: str) -> str:
    element = _first(_ELEMENT, html, _body_start(html))
    if element is None or _DIR.search(element[1]):
        return html
    at = element.start(1)
    style = _STYLE.search(html, at, element.end(1))
    if style is None:
        return f'{html[:at]} dir="rtl" style="direction:rtl"{html[at:]}'
    return f'{html[:at]} dir="rtl"{html[at : style.end()]}direction:rtl;{html[style.end() :]}'


def _body_start(html: str) -> int:
    """Returns where the elements of the body begin, also in HTML that leaves the outer elements out."""
    body = _first(_BODY, html, 0)
    if body is not None:
        return body.end()
    found = _HEAD_END.search(html) or _first(_ROOT, html, 0)
    return found.end() if found is not None else 0


def _first(pattern: re.Pattern[str], html: str, start: int) -> re.Match[str] | None:
    """Returns the first match that is no comment."""
    match = pattern.search(html, start)
    while match is not None and match[1] is None:
        match = pattern.search(html, match.end())
    return match
