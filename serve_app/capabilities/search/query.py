"""What people type into a search, read into parts. No engine's parser ever sees it.

words           all count, more is better
"a phrase"      these words, in this order
-word  -"..."   not this
begin*          words that begin so
"""

import re
import unicodedata
from dataclasses import dataclass, field
from typing import Final

from common.errors import InvalidArgument
from serve_app.capabilities.search.analysis import Analyser, normal, written

LONGEST: Final = 256  # code points
MOST_WORDS: Final = 16

_PARTS: Final = re.compile(r"""(?P<minus>(?<!\S)-)?(?:"(?P<phrase>[^"]*)"?|(?P<plain>[^\s"]+))|\s+""")


@dataclass(frozen=True, slots=True)
class Word:
    """A word as it was typed, normal. `written`: with its accents."""

    text: str
    written: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a word begins with, normal. `written`: with its accents."""

    text: str
    written: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Phrase:
    """Two words or more that follow each other, normal. `written`: with their accents."""

    words: tuple[str, ...]
    written: tuple[str, ...] = field(default=(), compare=False)


Part = Word | Beginning | Phrase


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """What is wanted, in its order, and what is not. Nothing wanted: there is a filter, or there is no query."""

    wanted: tuple[Part, ...] = ()
    unwanted: tuple[Part, ...] = ()


def parse(text: str, analyser: Analyser, *, typeahead: bool = False) -> SearchQuery:
    """Read a query. With `typeahead` its last word, if it ends in one, is a beginning. Signs that mean nothing are
    passed over, a quotation that is not closed ends with the text.

    Raises:
        InvalidArgument: too long, too many words, or characters that no text has. Names nothing of the query.
    """
    _judge(text)
    wanted: list[Part] = []
    unwanted: list[Part] = []
    for match in _PARTS.finditer(text):
        if match["phrase"] is not None:
            parts = _phrase(_words(match["phrase"], analyser))
        elif match["plain"] is not None:
            parts = _plain(match["plain"], analyser)
        else:
            continue
        (unwanted if match["minus"] else wanted).extend(parts)
    if typeahead and wanted and isinstance(last := wanted[-1], Word) and not _ends_otherwise(text):
        wanted[-1] = Beginning(last.text, last.written)
    if sum(len(part.words) if isinstance(part, Phrase) else 1 for part in wanted + unwanted) > MOST_WORDS:
        raise _refused(f"A search has at most {MOST_WORDS} words.")
    return SearchQuery(tuple(dict.fromkeys(wanted)), tuple(dict.fromkeys(unwanted)))


def _judge(text: str) -> None:
    if len(text) > LONGEST:
        raise _refused(f"A search has at most {LONGEST} characters.")
    if any(unicodedata.category(c) in ("Cc", "Cs", "Cn") and not c.isspace() for c in text):
        raise _refused("A search has no control characters.")


def _words(text: str, analyser: Analyser) -> list[Word]:
    return [Word(one.word, written(text[one.start : one.end])) for one in analyser.spans(text)]


def _phrase(words: list[Word]) -> list[Part]:
    if len(words) > 1:
        return [Phrase(tuple(one.text for one in words), tuple(one.written for one in words))]
    return list(words)


def _plain(text: str, analyser: Analyser) -> list[Part]:
    words = _words(text, analyser)
    parts: list[Part] = list(words)
    if text.endswith("*") and words and normal(text.rstrip("*")).endswith(words[-1].text):
        parts[-1] = Beginning(words[-1].text, words[-1].written)
    return parts


def _ends_otherwise(text: str) -> bool:
    """Does it end with something that is not wanted, or is a phrase?"""
    last = [match for match in _PARTS.finditer(text) if not match[0].isspace()][-1]
    return last["minus"] is not None or last["phrase"] is not None


def _refused(message: str) -> InvalidArgument:
    return InvalidArgument(message, details={"field": "q"})
