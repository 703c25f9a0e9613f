"""Danger by meaning (`meanings.toml`): groups of words, and readings that ask for several of them near one another.

The patterns of `crisis.toml` fit sentences; a reading fits whatever order its words come in, and every pairing of the
words of its groups. A first look at the beginnings of words ends most messages: what it lets pass has no reading.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise, product
from pathlib import Path
from typing import Final

import msgspec

from ml.knowledge.loading import DATA
from ml.safety.crisis import Kind, Severity, slips

KEY: Final = 4
"""Letters by which words are looked up; a stem has at least as many."""
TELLING: Final = 5
"""Letters of the rarest word of a phrase that the first look compares."""
LONGEST: Final = 400
"""Words of a message that are read."""
DENIAL: Final = 3
"""Words before the first word of a reading among which a denial counts."""
MOST: Final = 6
"""Places of one group that are tried."""
SENTENCE: Final = re.compile(r"[.!?\n]+")
"""What stands between two sentences of a folded text."""
_ELISION: Final = re.compile(r"(?<![a-z])([a-hj-z]|qu|jusqu|lorsqu|puisqu)'(?=[a-z])")
_TOKEN: Final = re.compile(r"[a-z0-9]+|[^\x00-\x7f\w\s]")
_MENDED: Final = 6
"""Letters that a word needs for its slips to be mended."""
_DENY: Final = "deny"
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz0123456789"
Span = tuple[int, int]


class MeaningFrame(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Groups that have to be near one another. `all`, `none`: names of groups; `a|b` is either."""

    all: str
    within: int
    none: str = ""
    denied: bool = False


class Meaning(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What some frames mean. `denied`: a denial before it is part of it; `none`: groups that make it harmless."""

    id: str
    kind: Kind
    severity: Severity
    any: list[MeaningFrame]
    none: str = ""
    denied: bool = False


class MeaningFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`meanings.toml`."""

    common: str
    spelling: str
    spoken: dict[str, str]
    harmless: str
    over: str
    unless: str
    groups: dict[str, str]
    reading: list[Meaning]


@dataclass(frozen=True, slots=True)
class MeaningPhrase:
    """Words in a row (with `*`: the beginning of one) and the groups they are of, as bits."""

    words: tuple[str, ...]
    groups: int


@dataclass(frozen=True, slots=True)
class _Want:
    """A frame as it is looked for: each of `needs` are bits of groups of which one has to be there."""

    reading: Meaning
    needs: tuple[int, ...]
    within: int
    none: int
    denied: bool


@dataclass(slots=True)
class _Heard:
    """Where each group stands in a message, and the number of each word's sentence."""

    sentences: list[int]
    places: dict[int, list[Span]] = field(default_factory=dict)

    def of(self, bits: int) -> list[Span]:
        return sorted(self._spans(bits))[:MOST]

    def around(self, spans: Iterable[Span]) -> range:
        """The sentences from the first of these places to the last."""
        spans = list(spans)
        return range(self.sentences[min(spans)[0]], self.sentences[max(end for _, end in spans) - 1] + 1)

    def with_any(self, bits: int) -> set[int]:
        """The sentences in which one of these groups stands."""
        return {sentence for span in self._spans(bits) for sentence in self.around((span,))}

    def _spans(self, bits: int) -> list[Span]:
        return [span for bit, spans in self.places.items() if bit & bits for span in spans]


class Meanings:
    """Reads messages. Pure; one instance serves a process."""

    def __init__(self, folder: Path = DATA) -> None:
        file = msgspec.toml.decode((folder / "meanings.toml").read_bytes(), type=MeaningFile)
        self._bits = {name: 1 << at for at, name in enumerate(file.groups)}
        phrases: dict[tuple[str, ...], int] = {}
        for name, text in file.groups.items():
            for words in phrases_of(text):
                phrases[words] = phrases.get(words, 0) | self._bits[name]
        self._begin: dict[str, list[MeaningPhrase]] = {}
        for words, groups in phrases.items():
            self._begin.setdefault(words[0][:KEY], []).append(MeaningPhrase(words, groups))
        self._could: dict[str, int] = {}
        common = frozenset(file.common.split())
        for words, groups in phrases.items():
            telling = min(words, key=lambda word: (word in common, -len(word)))
            for key in _keys(telling):
                self._could[key] = self._could.get(key, 0) | groups
        self._wants = list(self._wanted(one for one in file.reading if one.severity != "normal"))
        self._takes_back = list(self._wanted(one for one in file.reading if one.severity == "normal"))
        self._rarest = self._by_rarest(phrases)
        self._mended = self._slips(phrases, file.spelling.split(), file.common.split()) | file.spoken
        self._harmless, self._over, self._unless = (
            _either(map(self._group, names.split())) for names in (file.harmless, file.over, file.unless)
        )

    def may_hold(self, folded: str) -> bool:
        """Could any reading fit this folded text? Most messages end here."""
        return self._possible(self._words(folded))

    def read(self, folded: str) -> list[Meaning]:
        """The readings that fit a folded text, in their order in the file."""
        return self.read_whole(folded) if self.may_hold(folded) else []

    def read_whole(self, folded: str) -> list[Meaning]:
        """The same without the first look."""
        heard = self._heard(folded)
        there = _either(heard.places)
        if there & self._over and not there & self._unless:
            return []
        fitting: dict[str, Meaning] = {}
        harmless: set[int] | None = None
        for want in self._wants:
            for sentences in self._fitting(want, heard, there):
                if harmless is None:
                    harmless = heard.with_any(self._harmless) | self._taken_back(heard, there)
                if not harmless.issuperset(sentences):
                    fitting[want.reading.id] = want.reading
                    break
        return list(fitting.values())

    def harmless_sentences(self, folded: str) -> set[int]:
        """The numbers of the sentences of a folded text that say that what they name is over, made up, in the news, or
        not so. What is said in the others stands: whoever takes pills as agreed may want to die all the same."""
        heard = self._heard(folded)
        return self._taken_back(heard, _either(heard.places))

    def _taken_back(self, heard: _Heard, there: int) -> set[int]:
        return {at for want in self._takes_back for sentences in self._fitting(want, heard, there) for at in sentences}

    def _words(self, folded: str) -> list[str]:
        text = _ELISION.sub(r"\1 ", folded).replace("'", "") if "'" in folded else folded
        words, mended = _TOKEN.findall(text)[:LONGEST], self._mended
        if mended.keys().isdisjoint(words):
            return words
        return " ".join(mended.get(word, word) for word in words).split()

    def _possible(self, words: list[str]) -> bool:
        could, get = 0, self._could.get
        for word in words:
            could |= get(word[:TELLING], 0)
        for rare, frames in self._rarest:
            if rare & could:
                for needs in frames:
                    for need in needs:
                        if not need & could:
                            break
                    else:
                        return True
        return False

    def _by_rarest(self, phrases: dict[tuple[str, ...], int]) -> list[tuple[int, list[tuple[int, ...]]]]:
        """What frames need, under the need that the fewest phrases meet."""
        found: dict[int, list[tuple[int, ...]]] = {}
        for want in self._wants:
            rare = min(want.needs, key=lambda need: sum(bool(groups & need) for groups in phrases.values()))
            found.setdefault(rare, []).append(want.needs)
        return list(found.items())

    def _heard(self, folded: str) -> _Heard:
        words: list[str] = []
        heard = _Heard([])
        for number, text in enumerate(SENTENCE.split(folded)):
            of_it = self._words(text)
            words += of_it
            heard.sentences += [number] * len(of_it)
        del words[LONGEST:]
        for at, word in enumerate(words):
            for phrase in self._begin.get(word[:KEY], ()):
                if _stands(phrase.words, words, at):
                    rest = phrase.groups
                    while rest:
                        bit = rest & -rest
                        heard.places.setdefault(bit, []).append((at, at + len(phrase.words)))
                        rest ^= bit
        return heard

    def _fitting(self, want: _Want, heard: _Heard, there: int) -> Iterator[range]:
        """The sentences over which it extends, for each way in which it fits."""
        if not all(need & there for need in want.needs) or want.none & there:
            return
        denials = [] if want.denied else heard.places.get(self._bits[_DENY], [])
        for spans in product(*(heard.of(need) for need in want.needs)):
            if (
                max(end for _, end in spans) - min(start for start, _ in spans) <= want.within
                and not _overlap(spans)
                and not _denied(spans, denials)
            ):
                yield heard.around(spans)

    def _wanted(self, readings: Iterable[Meaning]) -> Iterator[_Want]:
        for reading in readings:
            for frame in reading.any:
                yield _Want(
                    reading,
                    tuple(map(self._group, frame.all.split())),
                    frame.within,
                    _either(map(self._group, f"{reading.none} {frame.none}".split())),
                    reading.denied or frame.denied,
                )

    def _group(self, names: str) -> int:
        return _either(self._bits[name] for name in names.split("|"))

    def _slips(self, phrases: Iterable[tuple[str, ...]], spelling: list[str], common: list[str]) -> dict[str, str]:
        """Every word with a slip in it that is none of the words of a group, and the word that was meant."""
        known = {word.rstrip("*") for words in phrases for word in words} | set(common)
        stems = tuple(word[:-1] for words in phrases for word in words if word.endswith("*"))
        mended = slips(sorted({*spelling, *(word for word in known if len(word) >= _MENDED)}), frozenset(known))
        return {slip: word for slip, word in mended.items() if not slip.startswith(stems)}


def phrases_of(text: str) -> Iterator[tuple[str, ...]]:
    """The phrases of a list parted by commas: each choice of words apart."""
    for one in text.split(","):
        choices = [part.split("/") for part in one.split()]
        for words in product(*choices):
            kept = tuple(word for word in words if word != "-")
            if kept:
                yield kept


def _stands(phrase: tuple[str, ...], words: list[str], at: int) -> bool:
    if at + len(phrase) > len(words):
        return False
    return all(
        words[at + n].startswith(word[:-1]) if word[-1] == "*" else words[at + n] == word
        for n, word in enumerate(phrase)
    )


def _keys(word: str) -> Iterator[str]:
    """As what a word of the text may be looked up: a short stem is found by its ending letter too."""
    if word.endswith("*") and len(word) <= TELLING:
        yield from (word[:-1] + letter for letter in ("", *_LETTERS))
    else:
        yield word.rstrip("*")[:TELLING]


def _overlap(spans: tuple[Span, ...]) -> bool:
    ordered = sorted(spans)
    return any(one[1] > other[0] for one, other in pairwise(ordered))


def _denied(spans: tuple[Span, ...], denials: list[Span]) -> bool:
    """Is there a denial shortly before these or between them that is part of none of them?"""
    start, end = min(spans)[0], max(spans)[1]
    return any(start - DENIAL <= at < end and not any(a <= at < b for a, b in spans) for at, _ in denials)


def _either(bits: Iterable[int]) -> int:
    found = 0
    for bit in bits:
        found |= bit
    return found
