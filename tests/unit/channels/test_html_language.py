"""Tests the language and the direction in the HTML of a mail."""

from __future__ import annotations

import pytest
from clarion_server.adapters.channels.email.html_language import with_language

RTL = 'dir="rtl" style="direction:rtl"'


@pytest.mark.parametrize(
    ("html", "locale", "expected"),
    [
        ("<html><p>x</p></html>", "de", '<html lang="de" dir="ltr"><p>x</p></html>'),
        ('<html lang="en"><p>x', "de", '<html dir="ltr" lang="en"><p>x'),
        ("<HTML class='a>b' DIR=ltr><p>", "de", "<HTML lang=\"de\" class='a>b' DIR=ltr><p>"),
        ("<p>x</p>", "de", "<p>x</p>"),
        ("", "ar", ""),
        ("<!-- <html> --><html>", "de", '<!-- <html> --><html lang="de" dir="ltr">'),
        ("<!-- <html> --><html lang='de'><p>", "de", "<!-- <html> --><html dir=\"ltr\" lang='de'><p>"),
        ("<html class='a>b' dir=ltr><p>", "de", "<html lang=\"de\" class='a>b' dir=ltr><p>"),
        ("<htmlx><html>", "de", '<htmlx><html lang="de" dir="ltr">'),
        ("<html data-lang='x'>", "de", '<html lang="de" dir="ltr" data-lang=\'x\'>'),
        ("<htmlx>", "de", "<htmlx>"),
        ("<p>x</p>", "ar", f"<p {RTL}>x</p>"),
        (
            "<html><head></head><body><!--[if mso]><i><![endif]--><table><tr>",
            "he",
            f'<html lang="he" dir="rtl"><head></head><body><!--[if mso]><i><![endif]--><table {RTL}><tr>',
        ),
        (
            "<html><body><div style='color:red'>",
            "fa",
            '<html lang="fa" dir="rtl"><body><div dir="rtl" style=\'direction:rtl;color:red\'>',
        ),
        ("<html><body><div dir=ltr><p>", "ar", '<html lang="ar" dir="rtl"><body><div dir=ltr><p>'),
        (
            "<html><head><title>x</title></head><p>",
            "ar",
            f'<html lang="ar" dir="rtl"><head><title>x</title></head><p {RTL}>',
        ),
        ("<p>x</p>", "az-Arab", f"<p {RTL}>x</p>"),
        ("<p>x</p>", "ku", "<p>x</p>"),
        ("only text", "ar", "only text"),
    ],
)
def test_language_and_direction_are_said_where_the_author_said_nothing(html: str, locale: str, expected: str) -> None:
    assert with_language(html, locale) == expected


@pytest.mark.parametrize("opening", ["<html>", "<!doctype html>\n<html a='b'>", f"<!--{'x' * 600}--><html>"])
def test_mails_that_begin_alike_keep_their_own_language_and_text(opening: str) -> None:
    for text in ("<p>one", "<p>two"):
        for locale, direction in (("de", "ltr"), ("ar", "rtl"), ("fr", "ltr")):
            html = with_language(f"{opening}{text}", locale)
            assert f'<html lang="{locale}" dir="{direction}"' in html
            assert html.endswith(text[2:])


@pytest.mark.parametrize("piece", ["<!--", "<a ", "<html", "<html '", '<body "', "<p a='", "</head", "<"])
def test_what_does_not_end_takes_linear_time(piece: str) -> None:
    assert piece in with_language(piece * 100_000, "ar")


def test_a_long_mail_takes_linear_time() -> None:
    html = "<html" + " a='b'" * 20_000 + "><body>" + "<!-- x -->" * 20_000 + "<p"
    assert with_language(html, "ar").startswith('<html lang="ar" dir="rtl" a=')
