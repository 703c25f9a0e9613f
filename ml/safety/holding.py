"""What a message holds that may lead out of a room, or that nobody has to read unasked: links, addresses,
numbers, words.

Pure and quick, for a shard asks it while it decides: most messages end at one search for what such things begin with.
Kinds of find are told, never the words.
"""

import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from ml.knowledge.loading import DATA

_HIDDEN: Final = re.compile("[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe00-\ufe0f\ufeff]")
_MARKS: Final = re.compile("[\u0300-\u036f]")
_LIKE: Final = str.maketrans("асеорхуіјѕһԁԛвкмнтαεορτυνικ", "aceopxyijshdqbkmhtaeoptuvik")
_LEET: Final = str.maketrans("013457@$!|", "oleastasil")
_SPACED: Final = re.compile(r"(?<!\w)(?:[^\W\d_][\s._*-]{1,2}){3,}[^\W\d_](?!\w)")
_FIGURES: Final = re.compile(r"(?<![\d.,])\d[\d ()./_:-]*")
_MOST_DIGITS: Final = 15
_WINDOW: Final = 40
_LONG: Final = re.compile(r"([a-z])\1\1")
_FEW_LETTERS: Final = 3
_REPEATED: Final = re.compile(r"([^\W\d_])\1{2,}")
_GAPS: Final = re.compile(r"[\s._*-]+")
_DATES: Final = re.compile(
    r"\b\d{4}-\d{1,2}-\d{1,2}(?:t[\d:.]+z?)?\b|\b\d{1,2}[./]\d{1,2}[./]\d{2,4}\b|\b\d{1,2}[:.h]\d{2}\b"
)
_NUMERALS: Final = frozenset(
    (
        *["zero", "oh", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"],
        *["null", "eins", "zwei", "drei", "vier", "funf", "sechs", "sieben", "acht", "neun"],
        *["un", "deux", "trois", "quatre", "cinq", "sept", "huit", "neuf"],
        *["cero", "uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve"],
        *"0123456789",
    )
)
_DIGITS_OF_A_NUMBER: Final = 7
_TOKEN: Final = re.compile(r"\w+")
_MIXED: Final = re.compile(r"[a-z][\d@$!|]+[a-z]|[\d@$|][a-z]{2}")
_EMAIL: Final = re.compile(
    r"[\w.+-]+\s?(?:@|\(at\)|\[at\]|\{at\})\s?[\w-]+(?:\s?(?:\.|\(dot\)|\[dot\]|\[\.\])\s?[\w-]+)+"
)
_SAID_EMAIL: Final = re.compile(r"[\w.+-]+ (?:at|arroba|arobase) [\w-]+ (?:dot|punkt|point|punto) [a-z]{2,6}(?!\w)")
_POSTCODES: Final = re.compile(r"\b(?:[a-z]{1,2}\d[a-z\d]? ?\d[a-z]{2}|d-?\d{5})\b")
_PLACE: Final = re.compile(r"(?<![\d\w.,-])\d{5} [A-ZÄÖÜÉ][\w-]{2,}")
_DOTTED: Final = re.compile(r"\w\.[a-z]|://|[\[({]")
_SAID: Final = frozenset({"dot", "punkt", "point", "punto", "arroba", "arobase", "www"})


class HoldingRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`held.toml`."""

    places: str
    unasked: str
    streets_after: str
    streets_joined: str
    streets_before: str
    domains: str


class Holding:
    """Reads messages; one instance serves a process. `words`: those that are set beside the shipped ones."""

    def __init__(self, words: Iterable[str] = (), folder: Path = DATA) -> None:
        file = msgspec.toml.decode((folder / "held.toml").read_bytes(), type=HoldingRules)
        self._shipped = phrases((*file.places.split(), *file.unasked.split()))
        self._words = self._shipped
        host = rf"(?<![\w@.])(?:[\w-]{{2,}}(?:\.|\s?(?:\(dot\)|\[dot\]|\[\.\]| dot )\s?))+(?:{file.domains})(?![\w@])"
        self._link = re.compile(rf"h(?:tt|xx)ps?:|\bwww\.|{host}")
        self._after = frozenset(file.streets_after.split())
        self._before = frozenset(file.streets_before.split())
        self._streets = self._after | self._before | {"str"}
        self._joined = tuple(file.streets_joined.split())
        self.set(words)

    def set(self, words: Iterable[str]) -> None:
        """These words beside those that are shipped, from now on."""
        self._words = phrases([folded(word) for word in words], self._shipped)

    def find(self, text: str) -> tuple[str, ...]:
        """Kinds of what is in the text: `words`, `link`, `email`, `phone`, `address`."""
        plain = folded(text)
        tokens = _TOKEN.findall(plain)
        found = ["words"] if self._says(plain, tokens) else []
        said = not _SAID.isdisjoint(tokens)
        if said or "@" in plain or _DOTTED.search(plain) is not None:
            found += self._contacts(plain)
        figures = list(_FIGURES.finditer(plain))
        if _numerals(tokens) or any(_is_phone(one.group(), plain[one.start() - 1 : one.start()]) for one in figures):
            found.append("phone")
        if figures and self._is_address(plain, text, tokens, figures):
            found.append("address")
        return tuple(found)

    def _says(self, plain: str, tokens: list[str]) -> bool:
        if self._hit(tokens):
            return True
        undone = plain
        if _MIXED.search(plain) is not None:
            undone = plain.translate(_LEET)
        if _LONG.search(undone) is not None:
            undone = _REPEATED.sub(r"\1", undone)
        if sum(len(token) == 1 for token in tokens) > _FEW_LETTERS:
            undone = _SPACED.sub(lambda one: _GAPS.sub("", one.group()), undone)
        return undone is not plain and self._hit(_TOKEN.findall(undone))

    def _hit(self, tokens: list[str]) -> bool:
        if self._words.keys().isdisjoint(tokens):
            return False
        return any(
            tuple(tokens[place + 1 : place + 1 + len(rest)]) == rest
            for place, token in enumerate(tokens)
            for rest in self._words.get(token, ())
        )

    def _contacts(self, plain: str) -> list[str]:
        found = []
        if _EMAIL.search(plain) is not None or _SAID_EMAIL.search(plain) is not None:
            found.append("email")
        if self._link.search(plain) is not None:
            found.append("link")
        return found

    def _is_address(self, plain: str, text: str, tokens: list[str], figures: list[re.Match[str]]) -> bool:
        if _PLACE.search(text) is not None:
            return True
        if any(_POSTCODES.search(plain, max(0, at - 3), at + 8) for at in _beside_letters(plain, figures)):
            return True
        if self._streets.isdisjoint(tokens) and not any(token.endswith(self._joined) for token in tokens):
            return False
        return any(self._is_house(plain, one.start(), one.end()) for one in figures)

    def _is_house(self, plain: str, start: int, end: int) -> bool:
        """Is the number there one of a house?"""
        behind = _TOKEN.findall(plain[end : end + _WINDOW])[:4]
        ahead = _TOKEN.findall(plain[max(0, start - _WINDOW) : start])[-6:]
        if behind and (behind[0] in self._before or not self._after.isdisjoint(behind[1:])):
            return True
        named = bool(ahead) and (ahead[-1].endswith(self._joined) or ahead[-1] == "str")
        return named or not self._before.isdisjoint(ahead[:-1])


Phrases = dict[str, tuple[tuple[str, ...], ...]]
"""Words and rows of words, by their first."""


def phrases(written: Iterable[str], more: Phrases | None = None) -> Phrases:
    """`\\s` parts words; `\\s?` may; `x?` is a letter that may be missing."""
    found = {first: list(rests) for first, rests in (more or {}).items()}
    for one in written:
        for spelt in _spellings(one):
            first, *rest = _TOKEN.findall(spelt) or [""]
            if first:
                found.setdefault(first, []).append(tuple(rest))
    return {first: tuple(rests) for first, rests in found.items()}


def _spellings(written: str) -> list[str]:
    if "\\s?" in written:
        before, _, after = written.partition("\\s?")
        return [*_spellings(before + after), *_spellings(f"{before} {after}")]
    if "?" in written:
        before, _, after = written.partition("?")
        return [*_spellings(before[:-1] + after), *_spellings(before + after)]
    return [written.replace("\\s", " ")]


def _numerals(tokens: list[str]) -> bool:
    """Are there as many numerals in a row as a telephone number has digits?"""
    row = 0
    if sum(token in _NUMERALS for token in tokens) < _DIGITS_OF_A_NUMBER:
        return False
    for token in tokens:
        row = row + 1 if token in _NUMERALS else 0
        if row >= _DIGITS_OF_A_NUMBER:
            return True
    return False


def _beside_letters(plain: str, figures: list[re.Match[str]]) -> list[int]:
    """Where figures follow letters at once, as in the codes of some posts."""
    return [one.start() for one in figures if one.start() and plain[one.start() - 1].isalnum()]


def _is_phone(figures: str, before: str) -> bool:
    """Could one call it? Plain figures are no number, nor are dates and times."""
    if len(figures) < _DIGITS_OF_A_NUMBER:
        return False
    bare = _DATES.sub(" ", figures).strip(" ./_-:(")
    digits = sum(map(str.isdigit, bare))
    if not _DIGITS_OF_A_NUMBER <= digits <= _MOST_DIGITS:
        return False
    return bare[0] == "0" or before in ("+", "(") or not bare.isdigit() or digits > _DIGITS_OF_A_NUMBER + 1


def folded(text: str) -> str:
    """Small letters without accents, hidden characters and look-alikes."""
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFKD", text).casefold()
    return _MARKS.sub("", _HIDDEN.sub("", plain)).translate(_LIKE)
