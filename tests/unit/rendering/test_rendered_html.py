"""Tests what is wrong with a mail when every value is in its place."""

from __future__ import annotations

import pytest
from clarion_server.adapters.rendering.review import rendered_html_findings


def found(html: str, *content_ids: str) -> list[str]:
    return [f"{each.severity[0]} {each.code}" for each in rendered_html_findings(html, frozenset(content_ids), "html")]


@pytest.mark.parametrize(
    ("html", "codes"),
    [
        ('<a href="https://shop.example/4711">Your order</a>', []),
        ('<a href="mailto:a@shop.example">Write</a><a href="#top">Up</a>', []),
        ('<a href="/orders">Orders</a>', ["E LINK_INVALID"]),
        ('<a href="">Orders</a>', ["E LINK_INVALID"]),
        ('<a href="https:///x">Orders</a>', ["E LINK_INVALID"]),
        ('<a href="javascript:alert(1)">Orders</a>', ["E LINK_INVALID"]),
        ('<a href="https://shop.example/a b">Orders</a>', ["E LINK_INVALID"]),
        ('<a href="https://shop.example/x"> <b></b> </a>', ["W LINK_EMPTY"]),
        ('<a href="https://shop.example/x"><img src="https://shop.example/i.png" alt="Shop"></a>', []),
        ('<a href="https://shop.example/x"><img src="https://shop.example/i.png" alt=""></a>', ["W LINK_EMPTY"]),
        ('<img src="https://shop.example/i.png">', ["W IMAGE_WITHOUT_ALT"]),
        ('<img src="i.png" alt="Shop">', ["E LINK_INVALID"]),
        ('<img src="cid:5ba1" alt="Shop">', []),
        ('<img src="cid:other" alt="Shop">', ["E LINK_INVALID"]),
        ("{{ no template, {% whatever it looks like %}", []),
        ('<a href="https://shop.example/\ufdd0x\ufdd0">\ufdd1x\ufdd1</a>', []),
    ],
)
def test_links_and_images_are_judged_as_recipients_get_them(html: str, codes: list[str]) -> None:
    assert found(html, "5ba1") == codes


def test_html_that_clients_cut_off_is_a_warning() -> None:
    assert found(f"<p>{'é' * 50_000}</p>") == ["W HTML_LARGE"]
    assert found(f"<p>{'e' * 99_990}</p>") == []


def test_a_mail_has_fifty_findings_at_most() -> None:
    assert len(found('<a href="/x">x</a>' * 60)) == 50
