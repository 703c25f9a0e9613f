"""What was found, as clients are answered. Pure."""

from collections.abc import Sequence
from typing import Any

from common.clock import to_rfc3339
from serve_app.capabilities.search.asking.matching import snippet
from serve_app.capabilities.search.asking.opening import OpenedHits, VisibleHit, counted
from serve_app.capabilities.search.doors.answers import FacetCount, Highlight, Hit, IndexInfo, Suggestion
from serve_app.capabilities.search.process.questions import AnsweredQuestion
from serve_app.capabilities.search.sources import people
from serve_app.capabilities.search.sources.entry import Opened


def info_of(answered: AnsweredQuestion) -> IndexInfo:
    """How the index was."""
    return IndexInfo(
        engine=answered.engine,
        lag_ms=answered.lag_ms,
        building=answered.building,
        excluded_rooms=answered.excluded_rooms,
    )


def facets_of(looked: OpenedHits, names: Sequence[str]) -> dict[str, list[FacetCount]] | None:
    """How many hits have each value; None: nobody asked."""
    if not names:
        return None
    found = counted(looked, names)
    return {name: [FacetCount(value=value, count=count) for value, count in found[name]] for name in names}


def suggestion_of(one: Opened) -> Suggestion:
    """What may be meant."""
    type_: Any = one.type
    person = one.user_id if one.type in (people.PEOPLE, people.THERAPISTS) else None
    return Suggestion(type=type_, id=one.id, title=one.title, user_id=person)


def hit_of(one: VisibleHit) -> Hit:
    """A hit."""
    opened, match = one.opened, one.match
    quoted, marks = snippet(opened.text, match.text) if opened.quoted and opened.text else (None, [])
    highlights = [Highlight(field="title", start=mark.start, end=mark.end) for mark in match.title]
    highlights += [Highlight(field="snippet", start=mark.start, end=mark.end) for mark in marks]
    type_: Any = opened.type
    return Hit(
        type=type_,
        id=opened.id,
        title=opened.title,
        snippet=quoted,
        highlights=highlights,
        at=to_rfc3339(opened.at),
        room_id=opened.room_id,
        seq=opened.seq,
        message=opened.message,
        user_id=opened.user_id,
        next_free=None if opened.free_at is None else to_rfc3339(opened.free_at),
        link=opened.link,
    )
