"""Markdown and links: whatever is written, a parser of browsers finds nothing but the allow-list in it, and soon."""

import contextlib
import time
from typing import Any
from xml.etree.ElementTree import Element

import html5lib  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.errors import InvalidArgument
from serve_app.capabilities.rooms.writing import links, markdown
from serve_app.capabilities.rooms.writing.composing import rewritten, rich_of

PIECES = st.sampled_from(
    [
        *("**", "_", "`", "```\n", "~~", "> ", "- ", "1. ", "# ", "\n", "\n\n", "    ", "![", "[", "](", ")", "<", ">"),
        *(
            "javascript:",
            "JaVaScRiPt:",
            "data:text/html,",
            "vbscript:",
            "http://a.b",
            "mailto:x@y",
            "&#106;",
            "&colon;",
        ),
        *(
            "<script>",
            "</p>",
            "<img src=x onerror=1>",
            "<a href='x'>",
            '"',
            "'",
            "\t",
            "\x01",
            "\u202e",
            "\u200b",
            "\\",
        ),
        *("word ", "x", "<!--", "-->", "<![CDATA[", "<svg/onload=1>", "[a]: http://x\n", "&amp;", "&lt;", " "),
    ]
)


def elements(html: str) -> list[Element]:
    tree: Any = html5lib.parseFragment(html, namespaceHTMLElements=False)
    return [one for one in tree.iter() if one is not tree]


@given(st.lists(PIECES, max_size=40).map("".join))
@settings(max_examples=1500, deadline=None)
def test_whatever_is_written_a_browser_finds_nothing_but_the_allow_list(text: str) -> None:
    try:
        html, _ = markdown.rendered(text)
    except InvalidArgument:
        return
    for element in elements(html):
        assert element.tag in markdown.TAGS
        if element.tag != "a":
            assert not element.attrib
            continue
        assert set(element.attrib) <= {"href", "rel"}
        assert element.attrib["rel"] == markdown.REL
        if "href" in element.attrib:
            assert element.attrib["href"].partition(":")[0].lower() in markdown.SCHEMES


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("# one\n### three", "<h3>one</h3>\n<h4>three</h4>\n"),
        ("a ~~b~~ **c** _d_ `e`", "<p>a <del>b</del> <strong>c</strong> <em>d</em> <code>e</code></p>\n"),
        ("<b>x</b>", "<p>&lt;b&gt;x&lt;/b&gt;</p>\n"),
        ("[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>\n"),
        ("[x](/relative)", "<p>[x](/relative)</p>\n"),
        ("[x]()", f'<p><a rel="{markdown.REL}">x</a></p>\n'),
    ],
)
def test_what_is_written_is_shown_so(text: str, html: str) -> None:
    assert markdown.rendered(text)[0] == html


@pytest.mark.parametrize(
    "text",
    [
        *("[" * 65_000, "> " * 30_000, "*" * 60_000, "![a](b)" * 8_000, "- " * 20_000, "a\n" * 30_000, "<" * 60_000),
        *("[a](" * 16_000, "&" * 60_000, "\\" * 60_000, "**a " * 15_000, "--" * 30_000, "@a.b" * 10_000, "`" * 599),
        *("[a](http:b)" * 190, "[" * 599, "- a\n" * 190, "a\n" * 599, "1) " * 20_000),
    ],
)
def test_a_bomb_is_rendered_at_once_or_refused(text: str) -> None:
    markdown.rendered("warm")
    began = time.process_time()
    with contextlib.suppress(InvalidArgument):
        markdown.rendered(text)
    assert time.process_time() - began < 0.1  # some 15 ms; machines that run tests are busy


@pytest.mark.parametrize(
    ("url", "words", "verdict"),
    [
        ("https://example.org/a", "", "ok"),
        ("https://example.org", "example.org", "ok"),
        ("https://www.example.org", "example.org is ours", "ok"),
        ("https://docs.example.org", "example.org", "ok"),
        ("https://b\u00fccher.example", "", "ok"),
        ("https://\u043f\u0440\u0438\u043c\u0435\u0440.\u0440\u0444", "", "ok"),
        ("https://evil.example", "paypal.com", "unusual"),
        ("https://paypal.com.evil.example", "paypal.com", "unusual"),
        ("http://127.0.0.1/", "", "unusual"),
        ("http://0x7f.1/", "", "unusual"),
        ("http://2130706433/", "", "unusual"),
        ("http://[::1]/", "", "unusual"),
        ("https://user:pw@example.org", "", "unusual"),
        ("https://xn--80ak6aa92e.com", "", "unusual"),
        ("https://\u0430\u0440\u0440\u04cf\u0435.com", "", "unusual"),  # all of one script, and looks like another
        ("https://g\u043e\u043egle.com", "", "unusual"),
        ("https://exam\u200bple.org", "", "unusual"),
        ("https://example.org", "moc.elgoog\u202e", "unusual"),
        ("https://", "", "unusual"),
        ("http://[", "", "unusual"),
        ("mailto:a@example.org", "", "ok"),
        ("mailto:a@xn--80ak6aa92e.com", "", "unusual"),
    ],
)
def test_a_link_is_judged_by_what_it_spells(url: str, words: str, verdict: str) -> None:
    assert [one.verdict for one in links.judged([(url, words)])] == [verdict]


def test_links_are_found_in_plain_words_each_once_and_without_what_ends_a_sentence() -> None:
    found = links.judged(links.in_text("See https://a.example/x, (www.b.example) and https://a.example/x."))
    assert [(one.url, one.host) for one in found] == [
        ("https://a.example/x", "a.example"),
        ("https://www.b.example", "www.b.example"),
    ]
    assert not links.in_text("no link: a.example, or http:/x")
    assert len(links.judged((f"https://a.example/{n}", "") for n in range(80))) == links.MOST


def test_a_plain_message_without_links_is_nothing_but_its_words() -> None:
    assert rich_of("hello **you**", markdown_=False) is None
    changed = rewritten("[" * 700 + " https://a.example")
    assert changed is not None
    assert changed.html == "", "what cannot be rendered is refused where it is known to be markdown"
