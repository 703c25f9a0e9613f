"""Markdown to HTML of an allow-list, made by the server alone: raw HTML is text, and there is no picture.

Two lines of defence: a parser of CommonMark without HTML, whose marks are turned into the tags that are allowed, and a
sanitiser over what came out. Both take time in proportion to the marks in a text, so these are counted first.
"""

from functools import cache
from typing import TYPE_CHECKING, Final

from common.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it import MarkdownIt
    from markdown_it.token import Token

TAGS: Final = frozenset(
    {"p", "br", "strong", "em", "del", "code", "pre", "blockquote", "ul", "ol", "li", "h3", "h4", "a"}
)
SCHEMES: Final = frozenset({"http", "https", "mailto"})
REL: Final = "noopener noreferrer nofollow ugc"
MOST_MARKS: Final = 600
"""Characters that mean something to the parser: so many are rendered within some 15 ms, whatever they spell."""
_MARKS: Final = "[]*_`<>&\\!~#\n"
_HALTS: Final = "-=@:$%+^{}"
"""The parser halts at these as well, twenty times as cheaply."""
_HEADINGS: Final = {"h1": "h3", "h2": "h3", "h3": "h4", "h5": "h4", "h6": "h4"}
_WITHOUT: Final = ("image", "html_inline", "html_block", "hr", "reference")


def rendered(text: str) -> tuple[str, list[tuple[str, str]]]:
    """The HTML of a text, and its links: each with the words it stands behind.

    Raises:
        InvalidArgument: there are too many marks in it.
    """
    if sum(map(text.count, _MARKS)) + sum(map(text.count, _HALTS)) // 25 > MOST_MARKS:
        raise InvalidArgument(
            f"Markdown has at most {MOST_MARKS} marks and lines.", details={"field": "body", "reason": "marks"}
        )
    parser = _parser()
    tokens = parser.parse(text)
    for token in tokens:
        token.tag = _HEADINGS.get(token.tag, token.tag)
    html: str = parser.renderer.render(tokens, parser.options, {})
    return _cleaned(html), _links(tokens)


@cache
def _parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": 20})
    parser.disable(_WITHOUT).enable("strikethrough")
    parser.validateLink = _is_allowed  # type: ignore[method-assign]
    parser.add_render_rule("s_open", _deleted)
    parser.add_render_rule("s_close", _deleted)
    return parser


def _deleted(renderer: object, tokens: "Sequence[Token]", place: int, *_: object) -> str:
    return "<del>" if tokens[place].type == "s_open" else "</del>"


def _is_allowed(url: str) -> bool:
    return url.partition(":")[0].lower() in SCHEMES


def _cleaned(html: str) -> str:
    import nh3

    return nh3.clean(
        html,
        tags=set(TAGS),
        attributes={"a": {"href"}},
        attribute_filter=lambda _tag, _name, value: value or None,  # `[x]()` leads nowhere
        url_schemes=set(SCHEMES),
        link_rel=REL,
        strip_comments=True,
    )


def _links(tokens: "Sequence[Token]") -> list[tuple[str, str]]:
    """(address, words) of each link."""
    found: list[tuple[str, str]] = []
    for token in tokens:
        href, words = "", ""
        for child in token.children or ():
            if child.type == "link_open":
                href, words = str(child.attrGet("href") or ""), ""
            elif child.type == "link_close":
                found += [(href, words)] if href else []
                href = ""
            elif href:
                words += child.content
    return found
