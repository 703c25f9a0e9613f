"""Denials: cues ("no", "without", "denies"), how far they reach, and what makes them unsure.

A denial takes a red flag away, so it has to be sure. Between a cue and what it denies only words of a list may stand
("no sign of any ..."); whatever else stands there ("no relief from ...", "not only ...", "without warning ...") makes
it no denial. And nothing may undo it: a comparison or a condition behind it ("never had it this bad", "not until
today"), a hedge before it ("I think no ..."), a second cue ("can't walk without ..."), a question mark, or a clause
that takes it back ("no chest pain. Now I do."). After NegEx (Chapman et al. 2001) and ConText (Harkema et al. 2009).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ml.language.lexicon import LexiconMatch
from ml.language.scope import ScopeStanding, Text
from ml.language.words import NOT

CONTRAST = "but"


@dataclass(slots=True)
class _Stretch:
    """The words seen since the cue or the last joint ("or", "and", a comma)."""

    clean: bool = True  # nothing stood here but what a denial reaches through
    linked: bool = False  # what stood here is tied to what follows: "relief from", "sure if"
    unsure: bool = False  # "not sure", "don't know"
    named: list[LexiconMatch] = field(default_factory=list)  # the complaints named here

    def meets(self, *, through: bool, links: bool, unsure: bool) -> None:
        """Take in a word that belongs to no complaint."""
        self.unsure = self.unsure or unsure
        self.linked = self.linked or (links and not self.clean)
        self.clean = self.clean and through


class Denials:
    """The lists of `[denial]` in `cues.toml`, and how they are read."""

    def __init__(self, lists: Mapping[str, str]) -> None:
        self._wide, self._listing, self._through = (
            frozenset(lists[one].split()) for one in ("wide", "listing", "through")
        )
        self._never_first, self._plain = frozenset(lists["never_first"].split()), frozenset(lists["plain"].split())
        self._joints, self._restart = frozenset(lists["joints"].split()), frozenset(lists["restart"].split())
        self._before, self._link = frozenset(lists["before"].split()), frozenset(lists["link"].split())
        self._unsure = frozenset(lists["unsure"].split())
        self._undone_after = pattern(lists["undone_after"])
        self._undone_before = pattern(lists["undone_before"])
        self._taken_back = pattern(lists["taken_back"])
        self._not_taken_back = pattern(lists["not_taken_back"])

    def judge(self, text: Text) -> dict[LexiconMatch, ScopeStanding]:
        """Every complaint that a cue reaches: denied, or doubtful."""
        used = text.used()
        standings: dict[LexiconMatch, ScopeStanding] = {}
        for cue, token in enumerate(text.tokens):
            if token.form != NOT or cue in used:
                continue
            reached = list(self._reached(text, used, cue))
            if not reached:
                continue
            last = max(match.tokens[-1] for match, _ in reached)
            shaken = self._shaken(text, used, cue, last)
            for match, standing in reached:
                sure = standing is ScopeStanding.DENIED and not shaken and not self._undone(text, used, match, last)
                standings[match] = ScopeStanding.DENIED if sure else ScopeStanding.DOUBTFUL
        return standings

    def _reached(self, text: Text, used: set[int], cue: int) -> Iterator[tuple[LexiconMatch, ScopeStanding]]:
        """The complaints that a cue reaches, as it stands alone."""
        tokens, stretch, denies = text.tokens, _Stretch(), False
        for at in self._reach(text, cue):
            raw = tokens[at].raw
            if (raw in self._joints and at not in used) or tokens[at].unit != tokens[at - 1].unit:
                if not (denies or stretch.clean):
                    return
                stretch = _Stretch()
            starting = [match for match in text.found if match.tokens[0] == at]
            for match in starting:
                standing = self._as_named(text, used, match, stretch)
                if standing is not None:
                    denies = True
                    yield match, standing
            stretch.named.extend(starting)
            if not starting and at not in used and raw not in self._joints:
                if stretch.named and raw in self._restart:
                    return
                through = raw in self._through and not (at == cue + 1 and self._begins_another(tokens[cue].raw, raw))
                stretch.meets(through=through, links=raw in self._link, unsure=raw in self._unsure)

    def _as_named(self, text: Text, used: set[int], match: LexiconMatch, stretch: _Stretch) -> ScopeStanding | None:
        """What a complaint is where it is named; None if the cue is about something else."""
        if stretch.linked:
            return ScopeStanding.DOUBTFUL if stretch.unsure else None
        between = range(match.tokens[0], match.tokens[-1])
        inside = (text.tokens[one] for one in between if one not in used)
        broken = any(not one.stop and one.raw not in self._joints for one in inside)
        second = any(not set(other.tokens) & set(match.tokens) for other in stretch.named)
        return ScopeStanding.DENIED if stretch.clean and not broken and not second else ScopeStanding.DOUBTFUL

    def _begins_another(self, cue: str, first: str) -> bool:
        return first in self._never_first and cue not in self._plain

    def _reach(self, text: Text, cue: int) -> Iterator[int]:
        """Positions behind the cue as far as a list of complaints may go on: its unit, and on to the last "or"."""
        tokens, start = text.tokens, text.tokens[cue]
        rest = [at for at in range(cue + 1, len(tokens)) if tokens[at].sentence == start.sentence]
        joined = ("or", "nor", "and") if start.raw in self._wide else ("or", "nor")
        last_unit = max((tokens[at].unit for at in rest if tokens[at].raw in joined), default=start.unit)
        used = text.used()
        for at in rest:
            token = tokens[at]
            if token.unit > last_unit and start.raw not in self._listing:
                return
            if token.form == NOT and at not in used and token.raw != "nor":
                return
            if token.raw == "and" and at not in used:
                following = tokens[at + 1].raw if at + 1 < len(tokens) else ""
                alone = start.raw not in self._wide and token.unit >= last_unit
                if alone or following in self._restart:
                    return
            yield at

    def _shaken(self, text: Text, used: set[int], cue: int, last: int) -> bool:
        """Is the whole denial unsure: hedged, turned round, asked, or taken back by what follows?"""
        tokens = text.tokens
        sentence = tokens[cue].sentence
        if text.ending(sentence) == "?":
            return True
        before: list[int] = []
        for at in range(cue - 1, -1, -1):
            token = tokens[at]
            if token.unit != tokens[cue].unit or at in used or token.raw in ("or", "and"):
                break
            if token.raw not in self._before and not token.raw[0].isdigit():
                return True
            before.append(at)
        opening = [at for at in range(cue) if tokens[at].sentence == sentence]
        if opening and tokens[opening[0]].raw in ("until", "till", "before", "up"):
            return True
        return bool(self._undone_before.search(text.words(before[::-1]))) or self._is_taken_back(text, used, last)

    def _is_taken_back(self, text: Text, used: set[int], last: int) -> bool:
        """Does the clause after the denial, naming nothing itself, say that it is so after all?"""
        end, tokens = text.tokens[last], text.tokens
        rest = [at for at in range(last + 1, len(tokens)) if tokens[at].unit == end.unit]
        joined = next((at for at in rest if tokens[at].raw in self._joints), None)
        if joined is not None and not used & set(range(joined, rest[-1] + 1)):
            return bool(self._taken_back.search(text.words(range(joined, rest[-1] + 1))))
        contrast = text.ending(end.sentence) == CONTRAST
        units = [
            token.unit for token in tokens[last + 1 :] if token.unit > end.unit and token.sentence <= end.sentence + 1
        ]
        if not units:
            return False
        clause = [at for at in range(last + 1, len(tokens)) if tokens[at].unit == units[0]]
        if any(at in used for at in clause):
            return False
        said = text.words(clause)
        if self._not_taken_back.search(said):
            return False
        other = tokens[clause[0]].sentence != end.sentence
        return (contrast and other) or bool(self._taken_back.search(said))

    def _undone(self, text: Text, used: set[int], match: LexiconMatch, last: int) -> bool:
        """Does the rest of the clause compare, limit or time the denial?"""
        tokens, first = text.tokens, match.tokens[0]
        inside = [at for at in range(first, match.tokens[-1]) if at not in used]
        starts = {other.tokens[0] for other in text.found if other.tokens[0] > last}
        tail: list[int] = []
        for at in range(match.tokens[-1] + 1, len(tokens)):
            token = tokens[at]
            if token.unit > tokens[last].unit and token.raw not in ("until", "till", "unless", "except"):
                break
            if token.sentence != tokens[first].sentence or at in starts or (at > last and token.raw == "and"):
                break
            if at not in used:
                tail.append(at)
        return bool(self._undone_after.search(text.words([*inside, *tail])))


def pattern(text: str) -> re.Pattern[str]:
    """A pattern of `cues.toml`, whose lines are parts of one."""
    return re.compile(text.replace("\n", ""))
