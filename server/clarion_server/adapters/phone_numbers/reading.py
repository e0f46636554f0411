"""Reads phone numbers as people write them, with Google's libphonenumber as phonenumberslite ports it."""

from __future__ import annotations

import re
from importlib.metadata import version

#: Says what a number may consist of. The library would take letters for the digits on their keys, and drop extensions.
_WRITTEN = re.compile(r"[+\uff0b]?[\d\s()./\u2010-\u2015-]+")
#: Mexican mobile numbers as they were written until 2019, with a 1 behind the country code. Providers still send it.
_OLD_MEXICAN = re.compile(r"\+521([0-9]{10})")


def read_phone_number(text: str, region: str) -> str | None:
    """Returns the number in the form of E.164 (ITU-T), such as `+447911123456`; None when it is no phone number.

    `region` (ISO 3166) is that of numbers without a country code, which are refused where it is empty. Whether a number
    is assigned is not checked, as new ranges are in use before the library knows them.
    """
    # Imported on demand, because many services never see a phone number.
    import phonenumbers  # noqa: PLC0415 - see above
    from phonenumbers import NumberParseException, PhoneNumberFormat, ValidationResult  # noqa: PLC0415 - see above

    if not _WRITTEN.fullmatch(text):
        return None
    try:
        number = phonenumbers.parse(text, region or None)
    except NumberParseException:
        return None
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    if old := _OLD_MEXICAN.fullmatch(e164):
        return f"+52{old[1]}"
    # `is_possible_number` would also take numbers that can be dialled within a town alone, such as 112.
    reason = phonenumbers.is_possible_number_with_reason(number)
    return e164 if reason == ValidationResult.IS_POSSIBLE else None


def library_version() -> str:
    """Returns the name and the version of the library, by whose numbering plans numbers are read."""
    return f"phonenumberslite {version('phonenumberslite')}"


def is_phone_region(code: str) -> bool:
    """Returns whether it is the code of a region (ISO 3166) that has phone numbers, such as `GB`."""
    import phonenumbers  # noqa: PLC0415 - see above

    return code in phonenumbers.SUPPORTED_REGIONS
