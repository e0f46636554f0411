"""The types of files that mails may carry, recognised by the bytes that the files hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from zipfile import BadZipFile, ZipFile

#: Files of unknown type have this type.
OCTET_STREAM = "application/octet-stream"
#: More entries are refused unread, because reading a directory of a million takes seconds.
MAX_ZIP_ENTRIES = 10_000

_OOXML = "application/vnd.openxmlformats-officedocument"

#: Holds the beginnings of programs: Windows, Linux, macOS (five forms) and scripts.
_PROGRAMS = (
    b"MZ",
    b"\x7fELF",
    b"\xfe\xed\xfa\xce",
    b"\xfe\xed\xfa\xcf",
    b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe",
    b"#!",
)
#: Extensions that Gmail refuses (https://support.google.com/mail/answer/6590), and further ones that run when opened.
_FORBIDDEN = re.compile(
    "ade|adp|apk|appx|appxbundle|bat|cab|chm|cmd|com|cpl|diagcab|diagcfg|diagpkg|dll|dmg|ex|ex_|exe|hta|img|ins|iso|isp"
    "|jar|jnlp|js|jse|lib|lnk|mde|mjs|msc|msi|msix|msixbundle|msp|mst|nsh|pif|ps1|scr|sct|sh|shb|sys|vb|vbe|vbs|vhd|vxd"
    "|wsc|wsf|wsh|xll"
)
_HEADER_FIELD = re.compile(rb"[!-9;-~]+:[ \t]?")
_LONGEST_MAIL_LINE = 998


@dataclass(frozen=True, slots=True)
class FileType:
    extensions: tuple[str, ...]
    """Are in lower case; the first is the usual one."""
    fits: Callable[[bytes], bool]
    """Returns whether the bytes of a file can be of the type."""
    is_image: bool = False


def extension_of(name: str) -> str:
    """Returns the extension of a file's name in lower case; empty when it has none."""
    return name.rpartition(".")[2].lower() if "." in name else ""


def has_forbidden_extension(name: str) -> bool:
    # Windows ignores dots and blanks at the end of a name.
    return _FORBIDDEN.fullmatch(extension_of(name.rstrip(". "))) is not None


def is_program(data: bytes) -> bool:
    return data.startswith(_PROGRAMS)


def zip_names(data: bytes) -> list[str] | None:
    """Returns the names of the files in a ZIP; None when it is damaged, or holds too many."""
    if data.count(b"PK\x01\x02") > MAX_ZIP_ENTRIES:
        return None
    try:
        return ZipFile(BytesIO(data)).namelist()
    except (BadZipFile, ValueError, NotImplementedError, UnicodeDecodeError):
        return None


def is_zip(data: bytes) -> bool:
    return data.startswith((b"PK\x03\x04", b"PK\x05\x06"))


def recognised_type(data: bytes) -> str:
    """Returns the type that the bytes show: `text/plain` for any text, OCTET_STREAM for what is not in the table."""
    return next((name for name, each in TYPES.items() if each.fits(data)), OCTET_STREAM)


def type_of_name(name: str) -> str:
    """Returns the type that files of that extension have; OCTET_STREAM for an extension that is not in the table."""
    extension = extension_of(name)
    return next((name for name, each in TYPES.items() if extension in each.extensions), OCTET_STREAM)


def _begins(*beginnings: bytes) -> Callable[[bytes], bool]:
    return lambda data: data.startswith(beginnings)


def _is_webp(data: bytes) -> bool:
    return data.startswith(b"RIFF") and data[8:12] == b"WEBP"


def _is_text(data: bytes) -> bool:
    if b"\0" in data:
        return False
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _is_text_beginning(beginning: bytes) -> Callable[[bytes], bool]:
    return lambda data: (
        data.removeprefix(b"\xef\xbb\xbf").lstrip()[:64].upper().startswith(beginning) and _is_text(data)
    )


def _is_mail(data: bytes) -> bool:
    """Returns whether it is a mail that can be carried in a mail unencoded, as RFC 2046 section 5.2.1 demands."""
    is_short = max(map(len, data.split(b"\n"))) <= _LONGEST_MAIL_LINE
    return bool(_HEADER_FIELD.match(data)) and data.isascii() and b"\0" not in data and is_short


def _is_office(part: str) -> Callable[[bytes], bool]:
    def fits(data: bytes) -> bool:
        names = zip_names(data) if is_zip(data) else None
        return names is not None and "[Content_Types].xml" in names and any(name.startswith(part) for name in names)

    return fits


#: Holds the types of files by their content types. The first that fits is taken, so special ones come before general
#: ones.
TYPES: Mapping[str, FileType] = {
    "application/pdf": FileType(("pdf",), _begins(b"%PDF-")),
    "image/png": FileType(("png",), _begins(b"\x89PNG\r\n\x1a\n"), is_image=True),
    "image/jpeg": FileType(("jpg", "jpeg"), _begins(b"\xff\xd8\xff"), is_image=True),
    "image/gif": FileType(("gif",), _begins(b"GIF87a", b"GIF89a"), is_image=True),
    "image/webp": FileType(("webp",), _is_webp, is_image=True),
    f"{_OOXML}.wordprocessingml.document": FileType(("docx",), _is_office("word/")),
    f"{_OOXML}.spreadsheetml.sheet": FileType(("xlsx",), _is_office("xl/")),
    f"{_OOXML}.presentationml.presentation": FileType(("pptx",), _is_office("ppt/")),
    "application/zip": FileType(("zip",), is_zip),
    "text/calendar": FileType(("ics",), _is_text_beginning(b"BEGIN:VCALENDAR")),
    "text/vcard": FileType(("vcf",), _is_text_beginning(b"BEGIN:VCARD")),
    "application/xml": FileType(("xml",), _is_text_beginning(b"<?XML")),
    "message/rfc822": FileType(("eml",), _is_mail),
    "text/plain": FileType(("txt", "log"), _is_text),
    "text/csv": FileType(("csv",), _is_text),
    "application/json": FileType(("json",), _is_text),
}
