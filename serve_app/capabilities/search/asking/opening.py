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
from serve_app.capabilities.search.sources.entry import Opened, Reader, Source
from serve_app.capabilities.search.sources.people import PEOPLE, THERAPISTS

_AT_ONCE: Final = 50


@dataclass(frozen=True, slots=True)
class VisibleHit:
    """A hit, and where in it the words stand. `place`: among the candidates."""

    place: int
    opened: Opened
    match: Match


@dataclass(frozen=True, slots=True)
class OpenedHits:
    """What came of some candidates. `upto`: how many were looked at before the time was over."""

    seen: Sequence[VisibleHit]
    upto: int


class HitOpener:
    """One a process."""

    def __init__(self, sources: Mapping[str, Source]) -> None:
        self._sources = sources

    async def look(
        self,
        candidates: Sequence[HitCandidate],
        first: int,
        wanted: Wanted,
        matcher: Matcher,
        reader: Reader,
        *,
        most: int,
        until_s: float,
    ) -> OpenedHits:
        """From the candidate at `first` on, `most` of them at most. `until_s`: of the loop's clock; the first ones are
        looked at in any case. Raises Unavailable."""
        seen: list[VisibleHit] = []
        now, last, at = asyncio.get_running_loop().time, min(len(candidates), first + most), first
        while at < last and (at == first or now() < until_s):
            some = candidates[at : min(last, at + _AT_ONCE)]
            opened = await self._open(some, reader)
            for place, candidate in enumerate(some, at):
                one = opened.get((candidate.type, candidate.id))
                if one is not None and (match := fits(one, wanted, matcher, reader.addressed)) is not None:
                    seen.append(VisibleHit(place, as_named(one, wanted), match))
            at += len(some)
        return OpenedHits(seen, at)

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


def fits(one: Opened, wanted: Wanted, matcher: Matcher, addressed: str | None = None) -> Match | None:
    """Does it hold what was asked for, at this moment? `addressed`: whose e-mail address was asked for."""
    if not any(_is_of(one, kind.type, kind.role) for kind in wanted.kinds):
        return None
    if any(value not in one.values.get(name, ()) for name, value in wanted.filters.items()):
        return None
    if (wanted.since is not None and one.at < wanted.since) or (wanted.until is not None and one.at >= wanted.until):
        return None
    if wanted.free_before is not None and (one.free_at is None or one.free_at >= wanted.free_before):
        return None
    if wanted.is_address and one.type in (PEOPLE, THERAPISTS):
        return Match() if one.id == addressed else None
    return matcher.match(one.title, one.text)


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


def counted(seen: Sequence[VisibleHit], names: Sequence[str]) -> dict[str, list[tuple[str, int]]]:
    """How many of these have each value, the commonest first."""
    found: dict[str, list[tuple[str, int]]] = {}
    for name in names:
        counts: dict[str, int] = defaultdict(int)
        for one in seen:
            for value in _values(one.opened, name):
                counts[value] += 1
        found[name] = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return found


def _values(one: Opened, name: str) -> Sequence[str]:
    match name:
        case "type":
            return (one.type,)
        case "month":
            return (month_of(one.at),)
        case "next_free":
            return () if one.free_at is None else (day_of(one.free_at),)
    return one.values.get(name, ())
