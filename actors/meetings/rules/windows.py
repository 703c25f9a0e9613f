"""When one may be in a meeting: from its booking's times, and what its timers do."""

from collections.abc import Collection

from msgspec import UnsetType
from msgspec.structs import replace

from actors.meetings.commands import CreateMeeting, FollowBooking, UpdateMeeting, Versions
from actors.meetings.reports import CloseEvidence, CloseRoom, EndEmpty, OpenRoom, WarnOfEnd
from actors.meetings.rules import consent, gates, moves
from actors.meetings.rules.draft import MeetingDraft
from actors.meetings.state import FALLBACKS, MOST_PEOPLE, UNDER_WAY, Config, MeetingTimes, Record, Window
from common.clock import to_rfc3339
from common.errors import FailedPrecondition, InvalidArgument


def require_version(versions: Versions, version: int) -> None:
    """Raises FailedPrecondition: what is there is none of these versions any more."""
    if not isinstance(versions, UnsetType) and version not in versions:
        details: dict[str, object] = {"reason": "version", "version": version}
        raise FailedPrecondition("It has changed meanwhile. Read it again, then decide.", details=details)


def window_of(start: int, end: int, terms: MeetingTimes) -> Window:
    """The window of a meeting that is planned from `start` to `end`."""
    return Window(start, end, start - terms.join_early, end + terms.join_late)


def set_timers(draft: MeetingDraft) -> None:
    """For the window that the meeting has now: a timer of an earlier revision does nothing."""
    window, revision = draft.record.window, draft.record.revision
    draft.at(f"opens:{revision}", max(window.opens_at, draft.now_ms), OpenRoom(revision))
    draft.at(f"closes:{revision}", window.closes_at, CloseRoom(revision))
    for end in (window.end, window.closes_at):
        if (due := end - draft.terms.warn) > draft.now_ms:
            draft.at(f"warns:{revision}:{end}", due, WarnOfEnd(revision, end))


def check_open(record: Record, user: str, now_ms: int, terms: MeetingTimes) -> None:
    """May `user` be in it now? The host may come a day early, and opens it.

    Raises:
        FailedPrecondition: reason `cancelled`, `over` or `not_open`; `details.opens_at`.
    """
    if record.status == "cancelled":
        raise FailedPrecondition("This meeting was cancelled.", details={"reason": "cancelled"})
    if record.over or now_ms >= record.window.closes_at:
        raise FailedPrecondition("This meeting is over.", details={"reason": "over"})
    opens_at = record.window.opens_at
    if user == record.host:
        opens_at = min(opens_at, record.window.start - terms.host_early)
    elif record.status != "scheduled":
        return  # the host has opened it
    if now_ms < opens_at:
        details: dict[str, object] = {"reason": "not_open", "opens_at": to_rfc3339(opens_at)}
        raise FailedPrecondition("This meeting is not open yet.", details=details)


def open_room(draft: MeetingDraft) -> None:
    """It is open, if it was only planned."""
    if draft.record.status == "scheduled":
        draft.change("opened", status="open")


def make_room(draft: MeetingDraft) -> None:
    """The room, before anybody is in it."""
    check_open(draft.record, draft.record.host, draft.now_ms, draft.terms)
    open_room(draft)
    moves.make_room(draft)


def opens(draft: MeetingDraft, command: OpenRoom) -> None:
    """The timer of a window: only that of the present one counts."""
    if command.revision == draft.record.revision and draft.now_ms >= draft.record.window.opens_at:
        open_room(draft)


def warns(draft: MeetingDraft, command: WarnOfEnd) -> None:
    """The planned end is near, or the moment at which everybody must be out."""
    record = draft.record
    if command.revision == record.revision and record.inside and not record.over:
        draft.tell("meeting_ending", ends_in_s=max(0, command.end - draft.now_ms) // 1000)


def closes(draft: MeetingDraft, command: CloseRoom) -> bool:
    """Whether the window has closed, by the timer of the present one."""
    record = draft.record
    return command.revision == record.revision and draft.now_ms >= record.window.closes_at and not record.over


def wait_for_return(draft: MeetingDraft) -> None:
    """Nobody is in it any more: it ends after a while, but not before its planned end."""
    record = draft.record
    if not record.inside and not record.over and record.emptied:
        due = max(record.emptied + draft.terms.empty, record.window.end)
        draft.at(f"empty:{record.emptied}", due, EndEmpty(record.emptied))


def stayed_empty(draft: MeetingDraft, command: EndEmpty) -> bool:
    """Whether nobody has come back since."""
    record = draft.record
    return command.emptied == record.emptied and not record.inside and not record.over


def end(draft: MeetingDraft, reason: str, *, cancelled: bool = False, by_hand: bool = False) -> None:
    """It is over: everybody is out, and nothing more is kept. Time ran out and nobody met in it: it was missed."""
    if draft.record.over:
        return
    for seat in draft.record.seats:
        if seat.inside or seat.state == "waiting":
            gates.leave(draft, seat, "ended")
    consent.stop(draft, "ended")
    if cancelled:
        draft.change("cancelled", status="cancelled", reason=reason)
    else:
        held = draft.record.met or by_hand
        draft.change("ended", status="ended" if held else "missed", reason=reason)
    draft.at("evidence", draft.now_ms + draft.terms.evidence_wait, CloseEvidence())


def check_people(people: tuple[str, ...]) -> None:
    """Raises InvalidArgument: there are too many."""
    if len(people) > MOST_PEOPLE:
        raise InvalidArgument(f"A meeting has at most {MOST_PEOPLE} people.", details={"field": "people"})


def roomy(config: Config, people: int) -> Config:
    """With a place for everybody who was booked."""
    return replace(config, max_participants=max(config.max_participants, min(people, MOST_PEOPLE)))


def check_config(config: Config, fallbacks: Collection[str]) -> None:
    """May a meeting be held like that? `fallbacks`: where it can go.

    Raises:
        InvalidArgument: nobody can hold one so.
        FailedPrecondition: reason `e2ee`: what only its people can read does not go elsewhere; `provider`: there is
            none of that sort.
    """
    if not 2 <= config.max_participants <= MOST_PEOPLE:
        details: dict[str, object] = {"field": "config.max_participants"}
        raise InvalidArgument(f"A meeting has room for 2 to {MOST_PEOPLE}.", details=details)
    if config.provider == "mesh" and config.max_participants > 2:
        raise InvalidArgument("A mesh is for two.", details={"field": "config.provider"})
    if config.provider in FALLBACKS and config.e2ee:
        raise _sealed()
    if config.provider in FALLBACKS and config.provider not in fallbacks:
        raise FailedPrecondition("There is no such provider here.", details={"reason": "provider"})


def _sealed() -> FailedPrecondition:
    return FailedPrecondition(
        "What is encrypted from end to end is neither recorded nor held elsewhere.", details={"reason": "e2ee"}
    )


def _check_sealing(record: Record, config: Config) -> None:
    """Raises FailedPrecondition, reason `e2ee`: it is being recorded, or held elsewhere, and would be so no more."""
    recorded = record.recording is not None and record.recording.status in UNDER_WAY
    if config.e2ee and not record.config.e2ee and (recorded or record.media.provider in FALLBACKS):
        raise _sealed()


def update(draft: MeetingDraft, command: UpdateMeeting) -> None:
    """Other times, people, or rules.

    Raises:
        FailedPrecondition: reason `follows_booking`: its times and people are those of its booking; and as
            `check_config`.
        InvalidArgument: times or people that no meeting has.
    """
    record = draft.record
    timed = command.start is not None or command.end is not None
    if record.booking and (timed or command.people is not None):
        raise FailedPrecondition("It follows its booking.", details={"reason": "follows_booking"})
    if command.config is not None and (config := command.config.over(record.config)) != record.config:
        check_config(config, draft.terms.fallbacks)
        _check_sealing(record, config)
        draft.change("config", config=config)
        moves.after_config(draft, record)
    if command.title is not None and command.title != record.title:
        draft.change("title", title=command.title)
    if command.people is not None:
        people = tuple(dict.fromkeys((record.host, *command.people)))
        check_people(people)
        _dismiss(draft, people)
        draft.change("people", people=people)
    if timed:
        start = record.window.start if command.start is None else command.start
        end_at = record.window.end if command.end is None else command.end
        _plan(draft, start, end_at)


def _plan(draft: MeetingDraft, start: int, end_at: int) -> None:
    if not 0 < end_at - start <= 86_400_000:
        raise InvalidArgument("A meeting ends after it starts, within a day.", details={"field": "end"})
    record, window = draft.record, window_of(start, end_at, draft.terms)
    shuts = record.status == "open" and not record.inside and draft.now_ms < window.opens_at
    draft.change("moved", status="scheduled" if shuts else None, window=window, revision=record.revision + 1)
    set_timers(draft)


def following(command: CreateMeeting) -> FollowBooking:
    """What a booking says that was there before."""
    return FollowBooking(
        version=command.booking_version,
        start=command.start,
        end=command.end,
        host=command.host,
        people=command.people,
        bill=command.bill,
    )


def follow(draft: MeetingDraft, command: FollowBooking) -> None:
    """Be as its booking is now. What an earlier version of it says changes nothing."""
    record = draft.record
    if record.over or command.version <= record.booking_version:
        return
    if command.cancelled:
        draft.change("people", booking_version=command.version)
        end(draft, "booking", cancelled=True)
        return
    people = tuple(dict.fromkeys((command.host, *command.people)))
    if (command.host, people) != (record.host, record.people):
        _hand_over(draft, command.host)
        _dismiss(draft, people)
        draft.change("people", booking_version=command.version, host=command.host, people=people, bill=command.bill)
    else:
        draft.record = replace(draft.record, booking_version=command.version, bill=command.bill)
        draft.touched = True
    if (command.start, command.end) != (record.window.start, record.window.end):
        _plan(draft, command.start, command.end)


def _dismiss(draft: MeetingDraft, people: tuple[str, ...]) -> None:
    """Whoever is not among `people` is out, as after a kick, until they are again; nobody else is let in by it."""
    before = draft.record.people
    for seat in draft.record.seats:
        if seat.user in people:
            if seat.user not in before and seat.state == "denied":
                draft.turn(replace(seat, admitted=True), "left")
        elif seat.user in before and seat.state != "kicked":
            if seat.inside or seat.state == "waiting":
                gates.put_out(draft, seat)
            gone = draft.record.seat(seat.participant) or seat
            draft.seat(replace(gone, role="guest", admitted=False, state="denied"), "role")


def _hand_over(draft: MeetingDraft, host: str) -> None:
    """Another therapist: the one until now is no host any more, and has no part in it."""
    for seat in draft.record.seats:
        if seat.role == "host" and seat.user != host:
            if seat.inside or seat.state == "waiting":
                seat = gates.leave(draft, seat, "left")
            draft.seat(replace(seat, role="guest", admitted=False, state="denied"), "role")
        elif seat.user == host:
            draft.seat(replace(seat, role="host"), "role")
