"""From a text to its words, and from a word to its forms. One function for documents and queries: whoever changes what
comes out of it, or what documents are filtered by, raises `VERSION`, and another version is another index.

Words are bounded as Unicode's annex 29 says, but that a colon, and a full stop between letters, part them. What is
joined by `- . / : @ +` and has a digit, an `@` or a full stop in it (dates, numbers, addresses, identifiers) is a word
too, beside its parts. Scripts that are written without spaces are cut into pairs of letters.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import regex
import Stemmer

from serve_app.capabilities.search.stopwords import STOP_WORDS

VERSION: Final = 2
_CACHED: Final = 50_000  # chunks, and words
_LONGEST_CACHED: Final = 40

_EXTEND: Final = r"[\p{WB=Extend}\p{WB=Format}\p{WB=ZWJ}]*+"
_LETTER: Final = rf"[\p{{WB=ALetter}}\p{{WB=HebrewLetter}}]{_EXTEND}"
_DIGIT: Final = rf"\p{{WB=Numeric}}{_EXTEND}"
_RUN: Final = rf"(?:(?:{_LETTER})++(?:'(?:{_LETTER})++)*+|(?:{_DIGIT})++(?:[.,'](?:{_DIGIT})++)*+)++"  # WB5 to WB12
_PIECE: Final = rf"{_RUN}(?:_++{_RUN})*+"  # WB13a, WB13b; lines under words are no part of them
_PAIRED: Final = r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]"
_PICTURE: Final = r"[\p{Extended_Pictographic}--[\p{ASCII}©®™]]"
_WORDS: Final = regex.compile(
    rf"(?P<pairs>{_PAIRED}++)|{_PIECE}(?:[-./:@+]{_PIECE})*+|(?P<picture>{_PICTURE})", regex.V1
)
_PARTS: Final = regex.compile(_PIECE, regex.V1)
_WHOLE: Final = regex.compile(r"[\p{Nd}@.]", regex.V1)
_ACCENTS: Final = regex.compile(r"(?<=[\p{Latin}\p{Greek}])\p{Mn}++", regex.V1)
_UNSEEN: Final = regex.compile(r"[\p{Cf}\p{Default_Ignorable_Code_Point}\p{Emoji_Modifier}]++", regex.V1)
_QUOTES: Final[dict[int, str]] = {0x2018: "'", 0x2019: "'"}  # in words
_SAME: Final[dict[int, str]] = {**_QUOTES, 0x0451: "\u0435"}  # Cyrillic io
_CHUNKS: Final = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class Span:
    """A word where it stands: code points of the text, the end not included."""

    start: int
    end: int
    word: str


class Analyser:
    """Of the words of some languages. Remembers what it has seen, within bounds."""

    def __init__(self, languages: Sequence[str] = ("english",)) -> None:
        """`languages`: Snowball's names. Raises: ValueError for one that it does not know."""
        unknown = sorted(set(languages) - set(Stemmer.algorithms()))
        if unknown:
            raise ValueError(f"no stems for {', '.join(unknown)}; there are: {', '.join(Stemmer.algorithms())}")
        self.languages = tuple(dict.fromkeys(languages))
        self._stemmers = [Stemmer.Stemmer(language) for language in self.languages]
        self._stop = frozenset(word for language in self.languages for word in STOP_WORDS.get(language, ()))
        self._chunks: dict[str, tuple[str, ...]] = {}
        self._forms: dict[str, tuple[str, ...]] = {}

    @property
    def version(self) -> str:
        """Of what it makes of a text: its rules, those of Unicode and of Snowball, and the languages."""
        return f"{VERSION}/{unicodedata.unidata_version}/{Stemmer.version()}/{','.join(self.languages)}"

    def words(self, text: str) -> list[str]:
        """The words of a text as they are typed, but for case, width and accents, in their order."""
        found: list[str] = []
        chunks = self._chunks
        for chunk in text.split():
            words = chunks.get(chunk)
            found += self._cut(chunk) if words is None else words
        return found

    def forms(self, word: str) -> tuple[str, ...]:
        """What a word is found by: its stem in each language, each once."""
        forms = self._forms.get(word)
        if forms is None:
            forms = self.stems(word)
            _remember(self._forms, word, forms)
        return forms

    def stems(self, word: str) -> tuple[str, ...]:
        """The same, not remembered: for words that are only tried."""
        return tuple(dict.fromkeys(stemmer.stemWord(word) or word for stemmer in self._stemmers)) or (word,)

    def stops(self, word: str) -> bool:
        """Is it one of those that are in every text?"""
        return word in self._stop

    def spans(self, text: str) -> Iterator[Span]:
        """The words of a text and where they stand in it, for marking them. Of what is joined, whole and parts."""
        for chunk in _CHUNKS.finditer(text):
            yield from _spans(chunk[0], chunk.start())

    def _cut(self, chunk: str) -> tuple[str, ...]:
        if chunk.isascii() and chunk.isalnum():
            words: tuple[str, ...] = (chunk.lower(),)
        else:
            words = tuple(word for word, _, _ in _pieces(normal(chunk)))
        if len(chunk) <= _LONGEST_CACHED:
            _remember(self._chunks, chunk, words)
        return words


def normal(text: str) -> str:
    """A text without what makes no difference: case, width, accents, what is not seen."""
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    bare = _ACCENTS.sub("", unicodedata.normalize("NFD", _UNSEEN.sub("", folded)))
    return unicodedata.normalize("NFC", bare).translate(_SAME)


def written(text: str) -> str:
    """A word as it is written, but for case and width."""
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFKC", _UNSEEN.sub("", folded)).translate(_QUOTES)


def _pieces(text: str) -> Iterator[tuple[str, int, int]]:
    """The words of a normal text, and where they stand in it."""
    for match in _WORDS.finditer(text):
        if match["pairs"]:
            yield from _pairs(match[0], match.start())
            continue
        parts = [
            (part[0], match.start() + part.start(), match.start() + part.end()) for part in _PARTS.finditer(match[0])
        ]
        yield from parts
        if match["picture"] or (len(parts) > 1 and _WHOLE.search(match[0])):
            yield match[0], match.start(), match.end()


def _pairs(run: str, start: int) -> Iterator[tuple[str, int, int]]:
    for at in range(max(1, len(run) - 1)):
        yield run[at : at + 2], start + at, start + min(at + 2, len(run))


def _spans(chunk: str, start: int) -> Iterator[Span]:
    plain = chunk.isascii()
    text, origin = (chunk.lower(), range(len(chunk) + 1)) if plain else _mapped(chunk)
    for word, begin, end in _pieces(text):
        last = origin[end - 1]
        stop = last + 1
        while not plain and stop < len(chunk) and unicodedata.combining(chunk[stop]):
            stop += 1
        yield Span(start + origin[begin], start + stop, word)


def _mapped(chunk: str) -> tuple[str, Sequence[int]]:
    """The normal text of a chunk, and for each of its code points the one of the chunk that it comes from."""
    text, origin = "", []
    at = 0
    while at < len(chunk):
        end = at + 1
        while end < len(chunk) and unicodedata.combining(chunk[end]):
            end += 1
        piece = normal(chunk[at:end])
        text += piece
        origin += [at] * len(piece)
        at = end
    return text, [*origin, len(chunk)]


def _remember(cache: dict[str, tuple[str, ...]], key: str, value: tuple[str, ...]) -> None:
    if len(cache) >= _CACHED:
        cache.clear()
    cache[key] = value
