"""Defines the syntax of e-mail addresses: RFC 5321 section 4.1.2, with the additions of RFC 6531 for other scripts.

Only the form is checked: whether a mailbox exists is known to its server alone. Comments, folding white space and
obsolete forms belong to message headers (RFC 5322) and are refused.
"""

from __future__ import annotations

import ipaddress
import re

from clarion_server.domain.addresses.domain_label import JOINERS, is_international_label

#: Octets of a whole address: a path of RFC 5321 section 4.5.3.1.3 without its angle brackets.
MAX_ADDRESS = 254
#: Octets before the last `@` (section 4.5.3.1.1).
MAX_LOCAL_PART = 64

#: An address that is no longer has no label that is too long, nor a local part.
_SHORT = 64

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]++"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_WORDS = r"[A-Za-z0-9]++(?:-++[A-Za-z0-9]++)*"

#: The form of nearly every short address, whose last label begins with a letter. It takes half the time of the next.
_SHORT_PLAIN = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@(?:{_WORDS}\.)*(?=[A-Za-z]){_WORDS}")
#: The form of nearly every address. The last label is never all digits: such a domain would be an IP address.
_PLAIN = re.compile(rf"(?=[^@]{{1,64}}@){_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)*(?![0-9]+\Z){_LABEL}")
_DOT_ATOM = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_QUOTED = re.compile(r'"(?:[ !#-\[\]-~]++|\\[ -~])*"')
_ASCII_LABEL = re.compile(_LABEL)
_NON_ASCII = re.compile(r"[^\x00-\x7f]")
_IPV6_TAG = "IPv6:"
#: Removes what Python does not count as printable, although domain names have it.
_WITHOUT_JOINERS = str.maketrans("", "", JOINERS)


def is_address(text: str) -> bool:
    """Returns whether the text is an e-mail address."""
    if len(text) <= _SHORT and _SHORT_PLAIN.fullmatch(text) is not None:
        return True
    # Every character has at least one octet, so this check bounds the work of the others.
    return len(text) <= MAX_ADDRESS and (_PLAIN.fullmatch(text) is not None or _is_rare_address(text))


def _is_rare_address(text: str) -> bool:
    """Returns whether the text is an address with a quoted local part, an address literal, or non-ASCII characters."""
    local_part, at, domain = text.rpartition("@")
    return bool(
        at
        # Lone surrogates, which UTF-8 cannot encode, are not printable either.
        and local_part.isprintable()
        and domain.translate(_WITHOUT_JOINERS).isprintable()
        and len(text.encode()) <= MAX_ADDRESS
        and len(local_part.encode()) <= MAX_LOCAL_PART
        and _is_local_part(local_part)
        and _is_domain(domain)
    )


def _is_local_part(text: str) -> bool:
    # RFC 6531 section 3.3 lets every character outside ASCII stand where a letter may; white space is not printable.
    in_ascii = _NON_ASCII.sub("x", text)
    return bool(_DOT_ATOM.fullmatch(in_ascii) or _QUOTED.fullmatch(in_ascii))


def _is_domain(text: str) -> bool:
    if text.startswith("[") and text.endswith("]"):
        return is_address_literal(text[1:-1])
    labels = text.split(".")
    return all(map(_is_label, labels)) and not labels[-1].isdigit()


def is_address_literal(text: str) -> bool:
    """Returns whether the text is the inside of an address literal (RFC 5321 section 4.1.3)."""
    try:
        if text.startswith(_IPV6_TAG):
            return ipaddress.IPv6Address(text.removeprefix(_IPV6_TAG)).scope_id is None
        return bool(ipaddress.IPv4Address(text))
    except ValueError:
        return False


def _is_label(text: str) -> bool:
    if text.isascii():
        return _ASCII_LABEL.fullmatch(text) is not None
    return is_international_label(text)
