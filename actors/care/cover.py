"""Somebody in place of the therapist for a while: planned, then active, then ended, by timers of the care relationship.
Pure. With `hidden`, nothing that was said before is theirs to read."""

from typing import Final

import msgspec

from actors.care.commands import BeginCover, TurnCover
from actors.care.events import AnyCareEvent, CoverChanged
from actors.care.state import CareRecord, Cover, CoverState
from actors.kernel.contract.entity import Context, Decision, SetTimer
from common.errors import AlreadyExists, FailedPrecondition, InvalidArgument, NotFound

_MOST_KEPT: Final = 20
_FURTHEST_MS: Final = 366 * 86_400_000


def begin(care: CareRecord, command: BeginCover, context: Context) -> Decision:
    """Plan a cover, or begin it at once."""
    if care.cover(command.cover) is not None:
        return Decision(care)
    now_ms = context.now_ms
    since = max(command.since, now_ms)
    _check(care, command, since, now_ms)
    cover = Cover(
        id=command.cover,
        therapist=command.therapist,
        since=since,
        until=command.until,
        hidden=command.hidden,
        state="active" if since <= now_ms else "planned",
    )
    changed = _with(care, cover)
    turn = msgspec.msgpack.encode(TurnCover(cover.id))
    timers = [SetTimer(f"cover:{cover.id}:{at}", at, turn) for at in (cover.since, cover.until) if at > now_ms]
    return Decision(changed, events=[_event(changed, cover)], timers=timers)


def _check(care: CareRecord, command: BeginCover, since: int, now_ms: int) -> None:
    if care.state == "pending":
        raise FailedPrecondition("It has not been accepted yet.", details={"reason": "pending"})
    if command.therapist in (care.client, care.therapist):
        raise FailedPrecondition("A cover is somebody else.", details={"field": "therapist_id"})
    if command.until <= since:
        raise InvalidArgument("A cover ends after it begins, and later than now.", details={"field": "until"})
    if command.until > now_ms + _FURTHEST_MS:
        raise InvalidArgument("A cover ends within a year.", details={"field": "until"})
    for other in care.covers:
        if other.state != "ended" and other.since < command.until and since < other.until:
            raise AlreadyExists("There is a cover at that time already. End it first.")


def end(care: CareRecord, cover_id: str, context: Context) -> Decision:
    """End a cover before its time."""
    cover = care.cover(cover_id)
    if cover is None:
        raise NotFound("There is no such cover.", care=care.id)
    return Decision(care) if cover.state == "ended" else _to(care, cover, "ended")


def turn(care: CareRecord, cover_id: str, context: Context) -> Decision:
    """The timer: what is due by now."""
    cover = care.cover(cover_id)
    if cover is None or cover.state == "ended":
        return Decision(care)
    if cover.until <= context.now_ms:
        return _to(care, cover, "ended")
    due = cover.state == "planned" and cover.since <= context.now_ms and care.open
    return _to(care, cover, "active") if due else Decision(care)


def ended_with(care: CareRecord) -> tuple[CareRecord, list[AnyCareEvent]]:
    """The care is over, and every cover with it."""
    events: list[AnyCareEvent] = []
    for cover in care.covers:
        if cover.state != "ended":
            over = msgspec.structs.replace(cover, state="ended")
            care = _with(care, over)
            events.append(_event(care, over))
    return care, events


def _to(care: CareRecord, cover: Cover, state: CoverState) -> Decision:
    changed = msgspec.structs.replace(cover, state=state)
    after = _with(care, changed)
    return Decision(after, events=[_event(after, changed)])


def _with(care: CareRecord, cover: Cover) -> CareRecord:
    """The relationship with this cover; of those that have ended, the last ones."""
    others = [one for one in care.covers if one.id != cover.id]
    over = [one for one in others if one.state == "ended"]
    gone = set(over[: max(0, len(others) + 1 - _MOST_KEPT)])
    return msgspec.structs.replace(care, covers=(*(one for one in others if one not in gone), cover))


def _event(care: CareRecord, cover: Cover) -> CoverChanged:
    """Everybody whom it concerns hears of it."""
    return CoverChanged(care=care, told=tuple(sorted({care.client, care.therapist, cover.therapist})), cover=cover)
