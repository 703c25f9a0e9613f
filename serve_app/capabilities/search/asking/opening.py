"""Hits as they are by now: candidates are opened from their sources with the caller's rights, and held against the
question. Whatever the index believed, this decides."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from serve_app.capabilities.search.asking.matching import Match, Matcher
from serve_app.capabilities.search.asking.wanted import Wanted
from serve_app.capabilities.search.process.questions import HitCandidate
from serve_app.capabilities.search.sources.entry import CountableSource, Opened, Reader, Source
from serve_app.capabilities.search.sources.people import PEOPLE, THERAPISTS

_AT_ONCE: Final = 50


@dataclass(frozen=True, slots=True)
class VisibleHit:
    """A hit, and where in it the words stand. `place`: among the candidates."""

    place: int
    opened: Opened
    match: Match


@dataclass(frozen=True, slots=True)
class CountedHit:
    """A hit that was not opened: what the index has of it is what it says at this moment, and the caller may see it."""

    place: int
    type: str
    at: int
    values: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class OpenedHits:
    """What came of some candidates, each in the order of places. `upto`: where the next look begins."""

    seen: Sequence[VisibleHit]
    upto: int
    counted: Sequence[CountedHit] = ()

    @property
    def total(self) -> int:
        """How many hits there are, opened or not."""
        return len(self.seen) + len(self.counted)


@dataclass(frozen=True, slots=True, kw_only=True)
class HitJudge:
    """Whether something opened is a hit: for whom, and of which question."""

    wanted: Wanted
    matcher: Matcher
    reader: Reader


class HitOpener:
    """One a process."""

    def __init__(self, sources: Mapping[str, Source]) -> None:
        self._sources = sources

    async def look(
        self, candidates: Sequence[HitCandidate], places: Sequence[int], judge: HitJudge, *, until_s: float
    ) -> OpenedHits:
        """Open the candidates at these places. `until_s`: of the loop's clock; the first ones are opened in any case.
        Raises Unavailable."""
        seen: list[VisibleHit] = []
        now, done = asyncio.get_running_loop().time, 0
        while done < len(places) and (not done or now() < until_s):
            some = places[done : done + _AT_ONCE]
            opened = await self._open([candidates[place] for place in some], judge.reader)
            for place in some:
                one = opened.get((candidates[place].type, candidates[place].id))
                if one is not None and (match := fits(one, judge)) is not None:
                    seen.append(VisibleHit(place, as_named(one, judge.wanted), match))
            done += len(some)
        return OpenedHits(seen, places[done] if done < len(places) else (places[-1] + 1 if places else 0))

    async def tally(
        self, candidates: Sequence[HitCandidate], judge: HitJudge, *, first: int, most: int, until_s: float
    ) -> OpenedHits:
        """All of these, counted. Opened are `most` hits from the place `first` on, and whatever cannot be counted
        otherwise: types whose index knows too little, and what has changed since. Raises Unavailable."""
        stands = await self.standing(candidates, judge.reader)
        shown = [place for place, one in stands.items() if one and place >= first][:most]
        unread = {place for place, one in stands.items() if one} - set(shown)
        countable = [isinstance(self._sources.get(one.type), CountableSource) for one in candidates]
        places = [
            place
            for place in range(len(candidates))
            if place not in unread and (place in stands or not countable[place])
        ]
        looked = await self.look(candidates, places, judge, until_s=until_s)
        whole = looked.upto > max(places, default=-1)
        upto = len(candidates) if whole else looked.upto
        counted = [self._counted(place, candidates[place]) for place in sorted(unread) if place < upto]
        return OpenedHits(looked.seen, upto, counted)

    async def standing(self, candidates: Sequence[HitCandidate], reader: Reader) -> dict[int, bool]:
        """Of sources that can tell without opening, by place: the candidates that the reader may see, and whether they
        are what the index took in. Raises Unavailable."""
        of_type: dict[str, list[int]] = defaultdict(list)
        for place, one in enumerate(candidates):
            of_type[one.type].append(place)
        found: dict[int, bool] = {}
        for type_, places in of_type.items():
            source = self._sources.get(type_)
            if isinstance(source, CountableSource):
                told = await source.stand([candidates[place] for place in places], reader)
                found |= {place: told[candidates[place].id] for place in places if candidates[place].id in told}
        return dict(sorted(found.items()))

    def _counted(self, place: int, one: HitCandidate) -> CountedHit:
        source = self._sources[one.type]
        values = source.known_of(one) if isinstance(source, CountableSource) else {}
        return CountedHit(place, one.type, one.at, values)

    async def _open(self, some: Sequence[HitCandidate], reader: Reader) -> dict[tuple[str, str], Opened]:
        ids: dict[str, list[str]] = defaultdict(list)
        for one in some:
            ids[one.type].append(one.id)
        types = [type_ for type_ in ids if type_ in self._sources]
        opened = await asyncio.gather(*(self._sources[type_].open(ids[type_], reader) for type_ in types))
        return {(type_, id_): one for type_, by_id in zip(types, opened, strict=True) for id_, one in by_id.items()}


def as_named(one: Opened, wanted: Wanted) -> Opened:
    """Therapists are people where nobody asked for therapists."""
    apart = one.type != THERAPISTS or any(kind.role == "therapist" for kind in wanted.kinds)
    return one if apart else replace(one, type=PEOPLE)


def fits(one: Opened, judge: HitJudge) -> Match | None:
    """Does it hold what was asked for, at this moment?"""
    wanted = judge.wanted
    if not any(_is_of(one, kind.type, kind.role) for kind in wanted.kinds):
        return None
    if any(value not in one.values.get(name, ()) for name, value in wanted.filters.items()):
        return None
    if (wanted.since is not None and one.at < wanted.since) or (wanted.until is not None and one.at >= wanted.until):
        return None
    if wanted.free_before is not None and (one.free_at is None or one.free_at >= wanted.free_before):
        return None
    if wanted.is_address and one.type in (PEOPLE, THERAPISTS):
        return Match() if one.id == judge.reader.addressed else None
    return judge.matcher.match(one.title, one.text)


def _is_of(one: Opened, type_: str, role: str) -> bool:
    if role:
        return one.values.get("role", ()) == (role,)
    return one.type == type_ or (one.type == THERAPISTS and type_ == PEOPLE)


def month_of(at_ms: int) -> str:
    """`2026-11`, UTC."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m")


def day_of(at_ms: int) -> str:
    """`2026-11-20`, UTC."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d")


def counted(looked: OpenedHits, names: Sequence[str]) -> dict[str, list[tuple[str, int]]]:
    """How many hits have each value, the commonest first."""
    found: dict[str, list[tuple[str, int]]] = {}
    for name in names:
        counts: dict[str, int] = defaultdict(int)
        hits: list[Opened | CountedHit] = [hit.opened for hit in looked.seen]
        for one in [*hits, *looked.counted]:
            for value in _values(one, name):
                counts[value] += 1
        found[name] = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return found


def _values(one: Opened | CountedHit, name: str) -> Sequence[str]:
    match name:
        case "type":
            return (one.type,)
        case "month":
            return (month_of(one.at),)
        case "next_free":
            return () if isinstance(one, CountedHit) or one.free_at is None else (day_of(one.free_at),)
    return one.values.get(name, ())
