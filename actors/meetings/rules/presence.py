"""Who was connected when, by what was seen."""

from msgspec.structs import replace

from actors.meetings.events import PresenceIntervalChanged
from actors.meetings.rules.draft import MeetingDraft
from actors.meetings.state import Interval, Record


def begun(draft: MeetingDraft, participant: str) -> None:
    """They are connected from now on."""
    record, now_ms = draft.record, draft.now_ms
    if open_interval(record, participant) is None:
        provider = record.media.provider or "sfu"
        draft.say(PresenceIntervalChanged(interval=Interval(participant, now_ms, now_ms, provider=provider)))


def ended(draft: MeetingDraft, participant: str, by: str, *, seen: int | None = None) -> None:
    """They are not, since `seen` (ms; None: since now), but never before they were last seen."""
    interval = open_interval(draft.record, participant)
    if interval is not None:
        end = draft.now_ms if seen is None else min(max(seen, interval.seen), draft.now_ms)
        draft.say(
            PresenceIntervalChanged(interval=replace(interval, seen=end, end=max(end, interval.begin), ended_by=by))
        )


def closed_by_move(draft: MeetingDraft, reason: str) -> None:
    """Media moves: nobody is connected until they are seen there. What a worker that was lost had last said counts."""
    for interval in draft.record.intervals:
        if not interval.end:
            seen = interval.seen if reason == "worker_lost" else None
            ended(draft, interval.participant, reason, seen=seen)


def open_interval(record: Record, participant: str) -> Interval | None:
    """Since when they are connected, if they are."""
    return next((each for each in record.intervals if each.participant == participant and not each.end), None)
