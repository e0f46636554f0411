"""Reads colours of CSS, and computes the contrast between two of them (WCAG 2.2, "relative luminance" and "contrast
ratio").
"""

from __future__ import annotations

import re

Colour = tuple[int, int, int]

#: Holds the colours that have names since CSS 2.1, and those greys that mails use besides.
_NAMED: dict[str, Colour] = {
    "aqua": (0, 255, 255),
    "black": (0, 0, 0),
    "blue": (0, 0, 255),
    "fuchsia": (255, 0, 255),
    "gray": (128, 128, 128),
    "green": (0, 128, 0),
    "lime": (0, 255, 0),
    "maroon": (128, 0, 0),
    "navy": (0, 0, 128),
    "olive": (128, 128, 0),
    "orange": (255, 165, 0),
    "purple": (128, 0, 128),
    "red": (255, 0, 0),
    "silver": (192, 192, 192),
    "teal": (0, 128, 128),
    "white": (255, 255, 255),
    "yellow": (255, 255, 0),
    "darkgray": (169, 169, 169),
    "dimgray": (105, 105, 105),
    "grey": (128, 128, 128),
    "lightgray": (211, 211, 211),
    "whitesmoke": (245, 245, 245),
}
_HEX = re.compile(r"#(?:([0-9a-f]{3})|([0-9a-f]{6}))", re.IGNORECASE)
_RGB = re.compile(r"rgb\(\s*(\d{1,3})\s*[, ]\s*(\d{1,3})\s*[, ]\s*(\d{1,3})\s*\)", re.IGNORECASE)
_BRIGHTEST = 255
_LINEAR_UNTIL = 0.04045


def read_colour(text: str) -> Colour | None:
    """Returns a colour that is written out and opaque, and None for anything else."""
    text = text.strip().lower()
    if text in _NAMED:
        return _NAMED[text]
    if found := _HEX.fullmatch(text):
        digits = found[2] or "".join(digit * 2 for digit in found[1])
        return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)
    if found := _RGB.fullmatch(text):
        red, green, blue = (min(_BRIGHTEST, int(each)) for each in found.groups())
        return red, green, blue
    return None


def contrast(one: Colour, other: Colour) -> float:
    """Returns the contrast ratio of two colours, from 1 to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: Colour) -> float:
    red, green, blue = map(_linear, colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: int) -> float:
    share = channel / _BRIGHTEST
    return share / 12.92 if share <= _LINEAR_UNTIL else ((share + 0.055) / 1.055) ** 2.4
