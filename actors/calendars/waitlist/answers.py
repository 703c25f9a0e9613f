"""What people are told of the waitlist: where they stand, how long it may take, and how it goes. Times in ms."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from actors.calendars.hours.timeline import HOUR_MS
from actors.calendars.waitlist.ranking import priority
from actors.calendars.waitlist.state import Counts, Offer, WaitlistEntry
from common.clock import to_rfc3339

FEWEST: Final = 3  # offers that were accepted, below which nothing is said of how long it may take

Accepted = Mapping[str, Sequence[int]]  # calendar -> when its last offers were accepted


def standing(entry: WaitlistEntry, position: int, accepted: Accepted, now_ms: int) -> dict[str, Any]:
    """What somebody hears who has joined."""
    told: dict[str, Any] = {"entry_id": entry.id, "position": position, "priority": priority(entry, now_ms)[1]}
    return told | _estimated(entry, position, accepted, now_ms)


def listed(entry: WaitlistEntry, position: int, offer: Offer | None, accepted: Accepted, now_ms: int) -> dict[str, Any]:
    """A line of a listing. `offer`: what is offered to this one."""
    line: dict[str, Any] = {
        "entry_id": entry.id,
        "client_id": entry.client,
        "therapist_ids": list(entry.calendars),
        "service_id": entry.service or None,
        "from": entry.start,
        "to": entry.end,
        "urgency": entry.urgency,
        "joined_at": entry.joined,
        "position": position,
        "priority": priority(entry, now_ms)[1],
        **_estimated(entry, position, accepted, now_ms),
    }
    return line | ({"offer": shown(offer)} if offer is not None else {})


def shown(offer: Offer) -> dict[str, Any]:
    """An offer as its client sees it; times in ms."""
    return {
        "offer_id": offer.id,
        "entry_id": offer.entry,
        "therapist_id": offer.calendar,
        "service_id": offer.service or None,
        "start": offer.start,
        "end": offer.end,
        "expires_at": offer.expires,
    }


def figures(counts: Counts, waiting: int) -> dict[str, Any]:
    """How it goes, for staff."""
    answered = counts.accepted + counts.declined + counts.lapsed
    return {
        "waiting": waiting,
        "joined": counts.joined,
        "offered": counts.offered,
        "accepted": counts.accepted,
        "declined": counts.declined,
        "lapsed": counts.lapsed,
        "acceptance": round(counts.accepted / answered, 4) if answered else None,
        "waited_hours": round(counts.waited_ms / counts.accepted / HOUR_MS, 2) if counts.accepted else None,
        "demand_by_hour": list(counts.wanted),
    }


def _estimated(entry: WaitlistEntry, position: int, accepted: Accepted, now_ms: int) -> dict[str, Any]:
    """When it may be this one's turn, if offers of these calendars are taken as often as lately. Nothing is said
    without some experience, or when it would be later than the wish."""
    taken = [at for name in entry.calendars for at in accepted.get(name, ())]
    if len(taken) < FEWEST:
        return {}
    at_ms = now_ms + (now_ms - min(taken)) * position // len(taken)
    if at_ms >= entry.end:
        return {}
    hours = round((at_ms - now_ms) / HOUR_MS, 1)
    return {"estimate": {"at": to_rfc3339(at_ms), "hours": hours, "offers_seen": len(taken)}}
