"""Files of mails: their names, their types by the bytes that they hold, and what is never carried."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

import pytest
from clarion_server.domain.attachments.attachment import FileInput, assigned_id, file_violations
from clarion_server.domain.attachments.file_types import MAX_ZIP_ENTRIES, recognised_type

PDF = b"%PDF-1.7\n1 0 obj\n"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 16


def a_zip(names: Mapping[str, bytes] | list[str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, names[name] if isinstance(names, Mapping) else b"x")
    return buffer.getvalue()


#: Is the type that each of these shows, with the extension of its files.
FILES = {
    "application/pdf": ("pdf", PDF),
    "image/png": ("png", PNG),
    "image/jpeg": ("jpg", b"\xff\xd8\xff\xe0"),
    "image/gif": ("gif", b"GIF89a\1\0"),
    "image/webp": ("webp", b"RIFF\4\0\0\0WEBP"),
    "application/zip": ("zip", a_zip(["a.txt"])),
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": (
        "docx",
        a_zip(["[Content_Types].xml", "word/document.xml"]),
    ),
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": (
        "xlsx",
        a_zip(["[Content_Types].xml", "xl/workbook.xml"]),
    ),
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": (
        "pptx",
        a_zip(["[Content_Types].xml", "ppt/presentation.xml"]),
    ),
    "text/calendar": ("ics", b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n"),
    "text/vcard": ("vcf", b"BEGIN:VCARD\r\n"),
    "application/xml": ("xml", b'\xef\xbb\xbf<?xml version="1.0"?><a/>'),
    "message/rfc822": ("eml", b"Subject: Hello\r\n\r\nHello"),
    "text/plain": ("txt", "Grüße".encode()),
}


def reasons(name: str, data: bytes, content_type: str = "", *, may_be_any: bool = False) -> list[tuple[str, str]]:
    found = file_violations(FileInput(name, content_type, data), may_be_any=may_be_any)
    return [(violation.field, violation.reason) for violation in found]


@pytest.mark.parametrize("content_type", FILES)
def test_a_file_of_each_type_is_recognised_and_taken(content_type: str) -> None:
    extension, data = FILES[content_type]
    assert recognised_type(data) == content_type
    assert not reasons(f"a.{extension}", data, content_type)
    assert not reasons(f"A.{extension.upper()}", data)


@pytest.mark.parametrize("content_type", ["text/csv", "application/json"])
def test_types_of_text_are_taken_by_their_extension(content_type: str) -> None:
    assert not reasons(f"a.{content_type.rpartition('/')[2]}", b"1,2", content_type)


def test_parameters_of_a_type_change_nothing() -> None:
    assert not reasons("a.txt", b"x", "Text/Plain; charset=utf-8")


def test_a_file_that_is_not_of_its_declared_type_is_refused_with_the_type_that_it_shows() -> None:
    (violation,) = file_violations(FileInput("a.jpg", "image/jpeg", PNG))
    assert (violation.field, violation.reason) == ("content_type", "TYPE_MISMATCH")
    assert "image/png" in violation.description


def test_an_extension_that_is_none_of_the_type_is_refused() -> None:
    assert reasons("a.txt", PDF, "application/pdf") == [("file_name", "TYPE_MISMATCH")]
    assert reasons("invoice", PDF, "application/pdf") == [("file_name", "TYPE_MISMATCH")]


def test_what_is_wrong_with_bytes_and_name_is_told_at_once() -> None:
    assert reasons("a.txt", PNG, "application/pdf") == [
        ("content_type", "TYPE_MISMATCH"),
        ("file_name", "TYPE_MISMATCH"),
    ]


@pytest.mark.parametrize(
    ("name", "data", "field"),
    [
        ("a.pdf", b"MZ\x90\0", "content"),
        ("a.pdf", b"\x7fELF\2", "content"),
        ("a.txt", b"#!/bin/sh\n", "content"),
        ("a.pdf", b"\xcf\xfa\xed\xfe", "content"),
        ("x.pdf.exe", PDF, "file_name"),
        ("x.pdf.js ", PDF, "file_name"),
        ("a.zip", a_zip(["docs/a.txt", "docs/run.JS"]), "content"),
        ("a.zip", b"PK\x03\x04 damaged", "content"),
        ("a.svg", b"<svg/>", "content_type"),
        ("a.html", b"<html>", "content_type"),
        ("a.bin", b"\0\1", "content_type"),
    ],
)
def test_programs_and_unknown_types_are_refused(name: str, data: bytes, field: str) -> None:
    assert (field, "FILE_NOT_ALLOWED") in reasons(name, data)


def test_a_zip_with_more_entries_than_are_read_is_refused() -> None:
    assert reasons("a.zip", b"PK\x03\x04" + b"PK\x01\x02" * (MAX_ZIP_ENTRIES + 1)) == [("content", "FILE_NOT_ALLOWED")]


def test_any_bytes_are_taken_where_that_is_allowed_but_for_programs() -> None:
    assert not reasons("a.bin", b"\0\1", may_be_any=True)
    assert reasons("a.bin", b"MZ", may_be_any=True) == [("content", "FILE_NOT_ALLOWED")]


@pytest.mark.parametrize("data", ["é".encode("latin-1"), b"a\0b"])
def test_text_must_be_utf_8_without_nul(data: bytes) -> None:
    assert reasons("a.txt", data) == [("content_type", "TYPE_MISMATCH")]


@pytest.mark.parametrize("data", [b"Subject: \xc3\xbc\r\n\r\n", b"Subject: a\r\n\r\n" + b"x" * 999, b"no header"])
def test_a_mail_is_taken_only_as_it_can_be_carried_unencoded(data: bytes) -> None:
    assert reasons("a.eml", data) == [("content_type", "TYPE_MISMATCH")]


@pytest.mark.parametrize(
    "name",
    [
        "../a.pdf",
        "a\\b.pdf",
        "a\r\nBcc: x.pdf",
        "invoice\u202efdp.pdf",
        "\u200fa.pdf",
        "..",
        " a.pdf",
        "a.pdf\x7f",
        "\ud800.pdf",
    ],
)
def test_names_with_folders_control_characters_or_marks_of_direction_are_malformed(name: str) -> None:
    assert reasons(name, PDF, "application/pdf") == [("file_name", "MALFORMED")]


@pytest.mark.parametrize("name", ["Übersicht.pdf", "請求書.pdf", 'a".pdf', "long " * 50 + ".pdf"])
def test_names_of_any_script_are_taken(name: str) -> None:
    assert not reasons(name, PDF)


def test_a_name_has_255_octets_at_most() -> None:
    assert not reasons("ü" * 125 + "a.pdf", PDF)
    assert reasons("ü" * 126 + ".pdf", PDF) == [("file_name", "TOO_LONG")]


def test_a_file_needs_a_name_and_bytes() -> None:
    assert reasons("", b"", "application/pdf") == [("file_name", "REQUIRED"), ("content", "REQUIRED")]


def test_the_id_of_an_upload_without_one_follows_from_the_file() -> None:
    file = FileInput("a.pdf", "", PDF)
    assert assigned_id(file) == assigned_id(FileInput("a.pdf", "application/pdf", PDF))
    others = [FileInput("b.pdf", "", PDF), FileInput("a.pdf", "", PDF + b" ")]
    assert len({assigned_id(file), *map(assigned_id, others)}) == 3
