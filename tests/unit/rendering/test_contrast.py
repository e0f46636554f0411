"""Review warns of texts that are hard to read, where their colours are written out."""

from __future__ import annotations

import pytest
from clarion_server.adapters.rendering.review.colours import contrast, read_colour

from tests.unit.rendering.contents import codes, reviewed

GREY = '<p style="color:#999;background:#fff">x</p>'


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [("#000", "white", 21), ("#777777", "#fff", 4.48), ("#767676", "#ffffff", 4.54), ("red", "red", 1)],
)
def test_the_contrast_is_that_of_wcag(one: str, other: str, ratio: float) -> None:
    colours = read_colour(one), read_colour(other)
    assert colours[0] is not None
    assert colours[1] is not None
    assert contrast(colours[0], colours[1]) == contrast(colours[1], colours[0]) == pytest.approx(ratio, abs=0.005)


@pytest.mark.parametrize("text", ["", "#ff", "transparent", "rgba(0,0,0,.5)", "var(--x)", "url(a.png) #fff", "beige?"])
def test_what_is_no_colour_that_is_written_out_is_unknown(text: str) -> None:
    assert read_colour(text) is None


def test_colours_are_read_in_each_notation() -> None:
    assert {read_colour(each) for each in ("#FFF", "#ffffff", "White", "rgb(255, 255,255)")} == {(255, 255, 255)}


@pytest.mark.parametrize(
    "html",
    [
        GREY,
        '<table bgcolor="#ffffff"><tr><td><font color="#999999">x</font></td></tr></table>',
        '<div style="background-color:#fff"><br><p><b style="color:#999">{{ context.name }}</b></p></div>',
        '<div style="background:#fff"><p style="color:#999;font-size:23px">x</p></div>',
        '<div style="background:#fff"><h1 style="color:#aaa">x</h1></div>',
        '<a href="https://a.example" style="color:#999;background:#fff">x</a>',
        '<table><tr style="background:#000"><td>x<tr style="background:#fff"><td style="color:#999">y</table>',
    ],
)
def test_a_text_with_too_little_contrast_is_a_warning(html: str) -> None:
    schema = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
    assert codes(reviewed(html, schema)) == ["W CONTRAST_LOW"]


@pytest.mark.parametrize(
    "html",
    [
        '<p style="color:#595959;background:#fff">x</p>',
        '<p style="color:#999">x</p>',
        '<p style="background:#fff">x</p>',
        '<p style="color:#949494;background:#fff;font-size:18pt">x</p>',
        '<p style="color:#949494;background:#fff;font-weight:bold;font-size:19px">x</p>',
        '<p style="color:#999;background:#fff url(https://a.example/x.png)">x</p>',
        '<p style="display:none;color:#fff;background:#fff">x</p>y',
        '<div style="color:#999;background:#fff"><a href="https://a.example">x</a></div>',
        '<p style="color:#999;background:#fff"> </p>y',
        '<p style="color:#999;background:#fff"></p><p>y</p>',
        "<div style=\"color:{{ 'red' }};background:#fff\">x</div>",
        "<td style=\"color:#999\">{% if 1 < 2 %}<td style='background:#fff'>{% endif %}x",
    ],
)
def test_what_is_readable_or_unknown_passes(html: str) -> None:
    assert codes(reviewed(html)) == []


def test_each_pair_of_colours_is_told_once_with_its_line_and_what_to_do() -> None:
    (finding,) = reviewed(f"<br>\n{GREY}\n{GREY}")
    assert finding.line == 2
    assert finding.message == "The contrast of the text to its background is 2.8:1 (#999999 on #ffffff)."
    assert "4.5:1" in finding.remedy
