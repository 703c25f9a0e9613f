"""Does an opened text say what was asked, and where? The index only proposes: this decides, on the words as they are at
this moment. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from serve_app.capabilities.search.analysis import Analyser, Span
from serve_app.capabilities.search.query import Beginning, Part, Phrase, SearchQuery, Word

_AROUND: Final = 60
LONGEST_SNIPPET: Final = 240
_MOST_MARKS: Final = 50
Slips = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class HighlightSpan:
    """Where something that was asked for stands: code points, the end not included."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Match:
    """Where the words stand in title and text; for words that were taken for others, the others as they stand; and the
    words that stand there themselves."""

    title: Sequence[HighlightSpan] = ()
    text: Sequence[HighlightSpan] = ()
    slips: Mapping[str, str] = field(default_factory=dict)
    own: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Noted:
    """What is seen of words while they are looked for."""

    slips: dict[str, str] = field(default_factory=dict)
    own: set[str] = field(default_factory=set)


class Matcher:
    """One question, asked of many texts."""

    def __init__(self, analyser: Analyser, query: SearchQuery, slips: Slips, *, every: bool) -> None:
        """`slips`: for words that nobody wrote, those that may be meant. `every`: all words must be there."""
        self._analyser, self._query, self._slips, self._every = analyser, query, slips, every

    def match(self, title: str, text: str) -> Match | None:
        """None: it does not say what was asked, or says what was not wanted."""
        fields = (list(self._analyser.spans(title)), list(self._analyser.spans(text)))
        if any(self._found(part, fields, NO_SLIPS)[0] for part in self._query.unwanted):
            return None
        noted = _Noted()
        marks: tuple[list[HighlightSpan], list[HighlightSpan]] = ([], [])
        told: list[tuple[Part, bool]] = []
        for part in self._query.wanted:
            hit, where = self._found(part, fields, self._slips, noted)
            told.append((part, hit))
            marks[0].extend(where[0])
            marks[1].extend(where[1])
        if not self._suffices(told):
            return None
        return Match(_merged(marks[0]), _merged(marks[1]), noted.slips, frozenset(noted.own))

    def _suffices(self, told: Sequence[tuple[Part, bool]]) -> bool:
        if not told:
            return True
        stops = self._analyser.stops
        counted = [one for one in told if not (isinstance(one[0], Word) and stops(one[0].text))] or told
        if not all(hit for part, hit in counted if isinstance(part, Phrase)):
            return False
        return all(hit for _, hit in counted) if self._every else any(hit for _, hit in counted)

    def _found(
        self, part: Part, fields: Sequence[Sequence[Span]], slips: Slips, noted: _Noted | None = None
    ) -> tuple[bool, tuple[list[HighlightSpan], list[HighlightSpan]]]:
        where = tuple(self._places(part, spans, slips, noted) for spans in fields)
        return any(where), (where[0], where[1])

    def _places(self, part: Part, spans: Sequence[Span], slips: Slips, noted: _Noted | None) -> list[HighlightSpan]:
        match part:
            case Beginning(text=text):
                return [HighlightSpan(one.start, one.end) for one in spans if one.word.startswith(text)]
            case Phrase(words=words):
                return _phrases(words, spans, self._analyser)
            case Word(text=text):
                return self._words(text, spans, slips, noted)

    def _words(self, text: str, spans: Sequence[Span], slips: Slips, noted: _Noted | None) -> list[HighlightSpan]:
        forms, found = set(self._analyser.forms(text)), []
        meant = {form for word in slips.get(text, ()) for form in self._analyser.forms(word)}
        for one in spans:
            theirs = self._analyser.forms(one.word)
            if not forms.isdisjoint(theirs):
                found.append(HighlightSpan(one.start, one.end))
                if noted is not None:
                    noted.own.add(text)
            elif not meant.isdisjoint(theirs):
                found.append(HighlightSpan(one.start, one.end))
                if noted is not None:
                    noted.slips.setdefault(text, one.word)
        return found


NO_SLIPS: Final[Slips] = {}


def _phrases(words: Sequence[str], spans: Sequence[Span], analyser: Analyser) -> list[HighlightSpan]:
    """Words that follow each other. Of what is joined, whole and parts begin at the same place: parts are followed."""
    forms = [set(analyser.forms(word)) for word in words]
    found = []
    for at in range(len(spans)):
        run = spans[at : at + len(words)]
        fits = len(run) == len(words) and all(
            not wanted.isdisjoint(analyser.forms(one.word)) for wanted, one in zip(forms, run, strict=True)
        )
        if fits:
            found.append(HighlightSpan(run[0].start, run[-1].end))
    return found


def _merged(marks: Sequence[HighlightSpan]) -> list[HighlightSpan]:
    """In their order, those that overlap as one."""
    found: list[HighlightSpan] = []
    for one in sorted(marks, key=lambda mark: (mark.start, mark.end)):
        if found and one.start < found[-1].end:
            found[-1] = HighlightSpan(found[-1].start, max(found[-1].end, one.end))
        else:
            found.append(one)
    return found[:_MOST_MARKS]


def snippet(text: str, marks: Sequence[HighlightSpan]) -> tuple[str, list[HighlightSpan]]:
    """The part of a text around the first mark, and the marks in it. Code points."""
    if len(text) <= LONGEST_SNIPPET:
        return text, list(marks)
    first = marks[0].start if marks else 0
    start = max(0, min(first - _AROUND, len(text) - LONGEST_SNIPPET))
    if start and (space := text.find(" ", start, first)) >= 0:
        start = space + 1
    end = min(len(text), start + LONGEST_SNIPPET)
    inside = [HighlightSpan(one.start - start, min(one.end, end) - start) for one in marks if start <= one.start < end]
    return text[start:end], inside
