"""Checks labels of internationalised domain names by IDNA 2008: RFC 5891, RFC 5892 and RFC 5893."""

from __future__ import annotations

import unicodedata

#: Octets of a label in the domain name system (RFC 1035 section 2.3.4).
MAX_LABEL = 63

JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"
#: Characters that the mapping to lower case would change, although IDNA 2008 has them.
_NOT_MAPPED = f"ßς{JOINERS}"

_LETTERS_AND_DIGITS = frozenset({"Ll", "Lo", "Lm", "Mn", "Mc", "Nd"})
#: Holds the exceptions of RFC 5892 section 2.6.
_ALWAYS_VALID = frozenset("ßς\u06fd\u06fe\u0f0b\u3007")
_NEVER_VALID = frozenset("\u0640\u07fa\u302e\u302f\u3031\u3032\u3033\u3034\u3035\u303b")
#: Code points that RFC 5892 excludes: ignorable ones, symbols' marks, musical notation and old Hangul.
_EXCLUDED = (
    (0x034F, 0x034F),
    (0x1100, 0x11FF),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x20D0, 0x20FF),
    (0x3164, 0x3164),
    (0xA960, 0xA97F),
    (0xD7B0, 0xD7FF),
    (0xFE00, 0xFE0F),
    (0xFFA0, 0xFFA0),
    (0x1D100, 0x1D24F),
    (0xE0100, 0xE01EF),
)

_ARABIC_DIGITS = frozenset(map(chr, range(0x0660, 0x066A)))
_EXTENDED_ARABIC_DIGITS = frozenset(map(chr, range(0x06F0, 0x06FA)))
_VIRAMA = 9
#: Holds the letters of Arabic and Persian that join on both sides, and those that join only to the letter before them.
_DUAL_JOINING = frozenset("ئبتثجحخسشصضطظعغفقكلمنهىيپچڤکگیھہ")
_RIGHT_JOINING = frozenset("آأؤإاةدذرزوژڑ")

_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})
_ALLOWED_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN", "EN", "ES", "CS", "ET", "ON", "BN", "NSM"})


def is_international_label(text: str) -> bool:
    """Returns whether the domain name system can carry the label, in lower case, as an A-label."""
    label = _mapped(text)
    return (
        bool(label)
        and unicodedata.is_normalized("NFC", text)
        and not (label.startswith("-") or label.endswith("-") or label[2:4] == "--")
        and not unicodedata.category(label[0]).startswith("M")
        and all(_is_valid(label, index) for index in range(len(label)))
        and _is_bidirectional(label)
        and len(b"xn--" + label.encode("punycode")) <= MAX_LABEL
    )


def a_label(text: str) -> str:
    """Returns the label as the domain name system carries it: in lower-case ASCII (RFC 5890 section 2.3.2.1)."""
    label = text.lower() if text.isascii() else _mapped(text)
    return label if label.isascii() else f"xn--{label.encode('punycode').decode()}"


def _mapped(text: str) -> str:
    """Returns the label in lower case, with compatibility characters replaced, as resolvers map it (RFC 5895)."""
    return unicodedata.normalize("NFC", "".join(char if char in _NOT_MAPPED else _folded(char) for char in text))


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def _is_valid(label: str, index: int) -> bool:
    char = label[index]
    if char.isascii():
        return char.islower() or char.isdigit() or char == "-"
    if char in _ALWAYS_VALID:
        return True
    valid_in_context = _valid_in_context(label, index)
    return _is_letter_or_digit(char) if valid_in_context is None else valid_in_context


def _is_letter_or_digit(char: str) -> bool:
    return (
        unicodedata.category(char) in _LETTERS_AND_DIGITS
        and char not in _NEVER_VALID
        and _folded(char) == char
        and not any(first <= ord(char) <= last for first, last in _EXCLUDED)
    )


def _valid_in_context(label: str, index: int) -> bool | None:
    """Applies the contextual rules of RFC 5892 appendix A. Returns None for characters without one."""
    char, before, after = label[index], label[:index], label[index + 1 :]
    valid: bool | None = None
    match char:
        case "\N{ZERO WIDTH NON-JOINER}":
            valid = _follows_virama(before) or _is_between_joining_letters(before, after)
        case "\N{ZERO WIDTH JOINER}":
            valid = _follows_virama(before)
        case "\N{MIDDLE DOT}":
            valid = before.endswith("l") and after.startswith("l")
        case "\N{GREEK LOWER NUMERAL SIGN}":
            valid = _is_of("GREEK", after[:1])
        case "\N{HEBREW PUNCTUATION GERESH}" | "\N{HEBREW PUNCTUATION GERSHAYIM}":
            valid = _is_of("HEBREW", before[-1:])
        case "\N{KATAKANA MIDDLE DOT}":
            valid = any(_is_of(script, each) for each in before + after for script in ("HIRAGANA", "KATAKANA", "CJK"))
        case _ if char in _ARABIC_DIGITS:
            valid = _EXTENDED_ARABIC_DIGITS.isdisjoint(label)
        case _ if char in _EXTENDED_ARABIC_DIGITS:
            valid = _ARABIC_DIGITS.isdisjoint(label)
    return valid


def _follows_virama(before: str) -> bool:
    return bool(before) and unicodedata.combining(before[-1]) == _VIRAMA


def _is_between_joining_letters(before: str, after: str) -> bool:
    return before[-1:] in _DUAL_JOINING and (after[:1] in _DUAL_JOINING or after[:1] in _RIGHT_JOINING)


def _is_of(script: str, char: str) -> bool:
    return char != "\N{KATAKANA MIDDLE DOT}" and unicodedata.name(char or "-", "").startswith(script)


def _is_bidirectional(label: str) -> bool:
    """Applies RFC 5893 section 2 to a label that has right-to-left characters; others satisfy it."""
    classes = [unicodedata.bidirectional(char) for char in label]
    if _RIGHT_TO_LEFT.isdisjoint(classes):
        return True
    last = next(each for each in reversed(classes) if each != "NSM")
    return (
        classes[0] in {"R", "AL"}
        and _ALLOWED_RIGHT_TO_LEFT.issuperset(classes)
        and last in {"R", "AL", "EN", "AN"}
        and not {"EN", "AN"}.issubset(classes)
    )
