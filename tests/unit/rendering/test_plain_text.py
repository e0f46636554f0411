"""Tests the text part that is derived from HTML."""

from __future__ import annotations

import pytest
from clarion_server.adapters.rendering.html.plain_text import plain_text
from clarion_server.application.ports.content import RenderingFailed

from tests.unit.rendering.contents import rendered


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One</p><p>Two</p>", "One\n\nTwo\n"),
        ("<div>One</div><div>Two</div>", "One\nTwo\n"),
        ("One<br>Two<br/><br>Three", "One\nTwo\n\nThree\n"),
        ("<p>  much \n\t white   space </p>", "much white space\n"),
        ("<p>bold <b>word</b> here</p>", "bold word here\n"),
        ("<h1>Title</h1>Text", "Title\n\nText\n"),
        ("<ul><li>a</li><li>b</li></ul>", "- a\n- b\n"),
        ("<table><tr><td>Tea</td><td>3</td></tr><tr><td>Cup</td><td>1</td></tr></table>", "Tea  3\nCup  1\n"),
        ("<table>\n <tr>\n  <td>Tea</td>\n  <td>3</td>\n </tr>\n</table>", "Tea  3\n"),
        ("<p>&lt;b&gt; &amp; caf&eacute; 注文</p>", "<b> & café 注文\n"),
        ("<a href='https://a.example/x?y=1&amp;z=2'>Look</a>!", "Look (https://a.example/x?y=1&z=2)!\n"),
        ("<a href='https://a.example'>https://a.example</a>", "https://a.example\n"),
        ("<a href='mailto:a@b.example'>a@b.example</a>", "a@b.example\n"),
        ("<a href='#top'>Up</a>", "Up\n"),
        ("<a href='https://a.example'><img src='x' alt='Logo'></a>", "Logo (https://a.example)\n"),
        ("<a href='https://a.example'><img src='x'></a>", "https://a.example\n"),
        ("<a href='https://a.example'><b>Look</b> here</a>", "Look here (https://a.example)\n"),
        ("<title>T</title><style>p {}</style><script>x</script><p>Seen</p>", "Seen\n"),
        ("<div style='display: none'>Hidden <b>x</b></div><p>Seen</p>", "Seen\n"),
        ("<div style='DISPLAY:NONE'>Hidden</div><p>Seen</p>", "Seen\n"),
        ("<div style='color: red; display : none !important; display: block'>Hidden</div><p>Seen</p>", "Seen\n"),
        ("<div style='/* no */display:/**/none'>Hidden</div><p>Seen</p>", "Seen\n"),
        ("<div hidden>Hidden <b>x</b></div><p hidden=''>Hidden</p><p>Seen</p>", "Seen\n"),
        ("<p style='x-display:none'>Seen</p>", "Seen\n"),
        ("<p style='display:none;display:block'>Seen</p>", "Seen\n"),
        ("<p style='display:none-such'>Seen</p>", "Seen\n"),
        ("<p style='visibility:hidden'>Seen</p>", "Seen\n"),
        ("<p title='hidden' data-hidden>Seen</p>", "Seen\n"),
        ("<p>a<!-- no --> b</p>", "a b\n"),
        ("<pre>a  b\n  c</pre>", "a  b\n  c\n"),
        ("<pre>a  <b>b  c</b>\n   <i>d</i>  e</pre>", "a  b  c\n   d  e\n"),
        ("<p>x</p><pre>a\n\n\n\n  b </pre><p>y  z</p>", "x\n\na\n\n\n\n  b\n\ny z\n"),
        ("<pre>a<br>  b</pre>  c  <b>d</b>", "a\n  b\n\nc d\n"),
        ("<p>a   <b>  b</b>\tc</p>", "a b c\n"),
        ("<p>unclosed <b>tags", "unclosed tags\n"),
        ("<?xml version='1.0' encoding='latin-1'?><meta charset='latin-1'><p>é 注文 😀</p>", "é 注文 😀\n"),
        ("<!-- nothing -->", ""),
        ("<div>" * 1_000 + "deep" + "</div>" * 1_000 + "<p>after</p>", "deep\n\nafter\n"),
        ("</a></p>stray", "stray\n"),
        ("", ""),
        ("  \n", ""),
        ("plain", "plain\n"),
    ],
)
def test_the_text_says_what_a_reader_of_the_html_sees(html: str, text: str) -> None:
    assert plain_text(html) == text


def test_html_that_no_parser_reads_to_its_end_is_refused_rather_than_cut() -> None:
    with pytest.raises(RenderingFailed, match="nested too deeply"):
        rendered(html="<div>" * 5_000 + "deep")
