"""What of somebody may be heard and seen, and who decides it: mutes, screens, and being put out."""

from msgspec.structs import replace

from actors.meetings.commands import SetMedia
from actors.meetings.rules.draft import MeetingDraft
from actors.meetings.rules.moves import after_kick, enforce
from actors.meetings.rules.presence import ended
from actors.meetings.state import Record, Seat, Source
from common.errors import Conflict, FailedPrecondition, PermissionDenied


def mute(draft: MeetingDraft, seat: Seat, source: Source) -> None:
    """Silenced by somebody else. In a mesh nobody could hold them to it. A screen that is muted is shared no more."""
    may = draft.record.config.unmute == "self"
    on = tuple(each for each in seat.on if each != "screen" or source != "screen")
    changed = replace(seat, on=on, muted=tuple(dict.fromkeys((*seat.muted, source))), may_unmute=may)
    draft.seat(changed, "muted")
    enforce(draft, "mute")


def set_media(draft: MeetingDraft, seat: Seat, command: SetMedia) -> None:
    """One's own microphone and camera.

    Raises:
        FailedPrecondition: reason `muted`: it takes somebody's leave to unmute.
    """
    on, muted = list(seat.on), list(seat.muted)
    wishes: tuple[tuple[Source, bool | None], ...] = (("microphone", command.microphone), ("camera", command.camera))
    for source, wanted in wishes:
        if wanted and source in muted:
            if not seat.may_unmute:
                raise FailedPrecondition("You were muted: ask to be unmuted.", details={"reason": "muted"})
            muted.remove(source)
        if wanted and source not in on:
            on.append(source)
        if wanted is False and source in on:
            on.remove(source)
    stalled = tuple(source for source in seat.stalled if source in on)
    draft.seat(replace(seat, on=tuple(on), muted=tuple(muted), stalled=stalled), "media")


def share(draft: MeetingDraft, seat: Seat) -> None:
    """Show their screen; the host's takes the place of another's.

    Raises:
        PermissionDenied: reason `screen`: nobody has allowed it.
        FailedPrecondition: reason `muted`: it takes somebody's leave to show it again.
        Conflict: `details.participant_id` shows theirs.
    """
    record = draft.record
    if not record.may_share(seat):
        raise PermissionDenied("Ask the host to let you share your screen.", details={"reason": "screen"})
    if "screen" in seat.muted and not seat.may_unmute:
        raise FailedPrecondition("Your screen was muted: ask to show it again.", details={"reason": "muted"})
    for other in sharing(record):
        if other.participant == seat.participant:
            return
        if seat.role != "host":
            raise Conflict("Somebody else is sharing.", details={"participant_id": other.participant})
        stop_share(draft, other)
    muted = tuple(source for source in seat.muted if source != "screen")
    draft.seat(replace(seat, on=(*seat.on, "screen"), muted=muted), "screen")


def ask_to_share(draft: MeetingDraft, seat: Seat) -> None:
    """Those who may allow it hear that somebody would like to."""
    draft.tell_staff("screen_requested", participant_id=seat.participant)


def stop_share(draft: MeetingDraft, seat: Seat) -> None:
    """Their screen is shown no more."""
    on = tuple(source for source in seat.on if source != "screen")
    draft.seat(replace(seat, on=on), "screen")


def allow_screen(draft: MeetingDraft, seat: Seat, *, allow: bool) -> None:
    """They may, or not any more: then what they show goes too."""
    draft.seat(replace(seat, may_share=allow), "screen")
    changed = draft.record.seat(seat.participant)
    if changed is not None and "screen" in changed.on and not draft.record.may_share(changed):
        stop_share(draft, changed)


def sharing(record: Record) -> list[Seat]:
    """Whose screen is shown: at most one's."""
    return [seat for seat in record.seats if "screen" in seat.on]


def kick(draft: MeetingDraft, seat: Seat) -> None:
    """Out for good: every ticket of theirs that was issued until now is void.

    Raises:
        FailedPrecondition: reason `host`.
    """
    if seat.role == "host":
        raise FailedPrecondition("The host cannot be removed.", details={"reason": "host"})
    if seat.state == "kicked":
        return
    inside = seat.inside
    leave(draft, seat, "kicked")
    if inside:
        after_kick(draft)


def put_out(draft: MeetingDraft, seat: Seat) -> None:
    """Carewire itself has them out: what they hold is void as after a kick, and nobody is told why. Whether they come
    back is for doors to say; then they are let in anew."""
    inside = seat.inside
    leave(draft, replace(seat, admitted=False), "left", told="kicked")
    if inside:
        after_kick(draft)


def leave(draft: MeetingDraft, seat: Seat, reason: str, *, told: str = "") -> Seat:
    """They are not inside any more: `reason` is "left", "lobby", "kicked", "denied", "timeout" or "ended"; they
    themselves are `told` so, or otherwise."""
    state = {"kicked": "kicked", "denied": "denied", "lobby": "waiting"}.get(reason, "left")
    ended(draft, seat.participant, reason)
    on = tuple(source for source in seat.on if source != "screen")
    admitted = seat.admitted and reason not in ("kicked", "denied", "lobby")
    void = draft.now_ms + 1
    changed = replace(seat, on=on, stalled=(), admitted=admitted, tickets_from=void)
    changed = replace(changed, state=state, since=draft.now_ms)
    changed = changed if reason == "lobby" else replace(changed, connection="")
    draft.seat(changed, "left", reason=reason)
    if reason == "denied":
        draft.whisper(seat, "meeting_denied")
    elif reason != "kicked" or not seat.inside:  # who was inside hears it in place of what the others hear
        draft.whisper(seat, "meeting_left", reason=told or reason)
    return changed
