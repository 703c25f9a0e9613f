"""Answers of the waitlist: positions, estimates, figures."""

from collections.abc import Mapping, Sequence
from typing import Final

from actors.calendars.hours.answers import Answer
from actors.calendars.waitlist.ranking import weights
from actors.calendars.waitlist.state import Counts, Offer, WaitlistEntry
from common.clock import to_rfc3339
from common.persons import UserId
from common.timeline import HOUR_MS

FEWEST: Final = 3  # offers that were accepted, below which nothing is said of how long it may take

Accepted = Mapping[str, Sequence[int]]  # calendar -> when its last offers were accepted


class Estimate(Answer, frozen=True, kw_only=True):
    """When it may be somebody's turn."""

    at: str
    hours: float
    offers_seen: int


class Factor(Answer, frozen=True, kw_only=True):
    """Part of what decides how far in front somebody is."""

    factor: str
    hours: int | float


class Standing(Answer, frozen=True, kw_only=True):
    """The position of somebody who has joined the waitlist."""

    entry_id: str
    position: int
    priority: list[Factor]
    estimate: Estimate | None = None


class OfferReply(Answer, frozen=True, kw_only=True):
    """Time that is offered."""

    offer_id: str
    entry_id: str
    therapist_id: str
    service_id: str | None
    start: str
    end: str
    expires_at: str


class WaitlistLine(Standing, frozen=True, kw_only=True, rename={"since": "from", "until": "to"}):
    """A line of the waitlist."""

    client_id: UserId
    therapist_ids: list[str]
    service_id: str | None
    since: str
    until: str
    urgency: str
    joined_at: str
    offer: OfferReply | None = None
    note: str = ""


class WaitlistReply(Answer, frozen=True, kw_only=True):
    """The waitlist, as far as it concerns the reader."""

    entries: list[WaitlistLine]


class WaitlistFigures(Answer, frozen=True, kw_only=True):
    """Figures of the waitlist."""

    waiting: int
    joined: int
    offered: int
    accepted: int
    declined: int
    lapsed: int
    acceptance: float | None
    waited_hours: float | None
    demand_by_hour: list[int]


def standing(entry: WaitlistEntry, position: int, accepted: Accepted, now_ms: int) -> Standing:
    """The answer to somebody who has joined."""
    return Standing(
        entry_id=entry.id,
        position=position,
        priority=factors(entry, now_ms),
        estimate=_estimate(entry, position, accepted, now_ms),
    )


def listed(entry: WaitlistEntry, position: int, offer: Offer | None, accepted: Accepted, now_ms: int) -> WaitlistLine:
    """A line of a listing. `offer`: what is offered to this one."""
    return WaitlistLine(
        entry_id=entry.id,
        client_id=entry.client,
        therapist_ids=list(entry.calendars),
        service_id=entry.service or None,
        since=to_rfc3339(entry.start),
        until=to_rfc3339(entry.end),
        urgency=entry.urgency,
        joined_at=to_rfc3339(entry.joined),
        position=position,
        priority=factors(entry, now_ms),
        estimate=_estimate(entry, position, accepted, now_ms),
        offer=None if offer is None else shown(offer),
    )


def shown(offer: Offer) -> OfferReply:
    """An offer as its client sees it."""
    return OfferReply(
        offer_id=offer.id,
        entry_id=offer.entry,
        therapist_id=offer.calendar,
        service_id=offer.service or None,
        start=to_rfc3339(offer.start),
        end=to_rfc3339(offer.end),
        expires_at=to_rfc3339(offer.expires),
    )


def figures(counts: Counts, waiting: int) -> WaitlistFigures:
    """The figures of the waitlist, for staff."""
    answered = counts.accepted + counts.declined + counts.lapsed
    return WaitlistFigures(
        waiting=waiting,
        joined=counts.joined,
        offered=counts.offered,
        accepted=counts.accepted,
        declined=counts.declined,
        lapsed=counts.lapsed,
        acceptance=round(counts.accepted / answered, 4) if answered else None,
        waited_hours=round(counts.waited_ms / counts.accepted / HOUR_MS, 2) if counts.accepted else None,
        demand_by_hour=list(counts.wanted),
    )


def factors(entry: WaitlistEntry, now_ms: int) -> list[Factor]:
    """Why somebody is so far in front: what counts at all."""
    counted = weights(entry, now_ms)
    parts = (("urgency", counted.urgency), ("waiting", round(counted.waiting, 2)), ("offers_passed", counted.passed))
    return [Factor(factor=name, hours=hours) for name, hours in parts if hours]


def _estimate(entry: WaitlistEntry, position: int, accepted: Accepted, now_ms: int) -> Estimate | None:
    """When it may be this one's turn, if offers of these calendars are taken as often as lately. Nothing is said
    without some experience, or when it would be later than the wish."""
    taken = [at for name in entry.calendars for at in accepted.get(name, ())]
    if len(taken) < FEWEST:
        return None
    at_ms = now_ms + (now_ms - min(taken)) * position // len(taken)
    if at_ms >= entry.end:
        return None
    return Estimate(at=to_rfc3339(at_ms), hours=round((at_ms - now_ms) / HOUR_MS, 1), offers_seen=len(taken))
