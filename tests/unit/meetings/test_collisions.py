"""Things that happen in the middle of others: kicks, moves, consents and deaths."""

import pytest
from msgspec.structs import replace

from actors.kernel.contract.activities import Answered
from actors.kernel.contract.entity import SYSTEM, Context
from actors.meetings import commands as ask
from actors.meetings import reports
from actors.meetings.activities import NO_WORKER, room_of
from actors.meetings.entity import MeetingEntity
from actors.meetings.state import Config, MeetingTimes
from common.errors import FailedPrecondition, PermissionDenied
from tests.unit.meetings.house import DOORS, SFU, Meeting, come, person, reason, recording, seat, status, ticket

GROUP = replace(SFU, max_participants=5)


def lost(meeting: Meeting, worker: str = "media-1") -> int:
    """Its worker died, and another has it. The epoch from now on."""
    meeting.tell(reports.MoveMedia(meeting.record.media.epoch, "worker_lost", "sfu", worker=worker))
    return meeting.record.media.epoch


def back(meeting: Meeting, *people: str) -> None:
    for name in people:
        meeting.tell(reports.Connected(f"prt_{name}", meeting.record.media.epoch))


def test_a_kick_in_the_middle_of_a_move_holds_there_too() -> None:
    meeting = Meeting(("ann", "ben"), GROUP)
    come(meeting, "host", "ann", "ben")
    old = ticket(meeting, "ann")
    epoch = lost(meeting)
    there = ticket(meeting, "ann")
    meeting.ask(person("host"), ask.Kick("prt_ann"))
    for held in (old, there):
        with pytest.raises(PermissionDenied):
            meeting.tell(held)
    back(meeting, "host", "ann", "ben")
    assert [one.participant for one in room_of(meeting.record).seats] == ["prt_host", "prt_ben"]
    assert (seat(meeting, "ann").state, meeting.record.media.epoch) == ("kicked", epoch)
    assert not [one for one in meeting.record.intervals if one.participant == "prt_ann" and not one.end]


def test_a_move_in_the_middle_of_a_consent_keeps_what_was_said_and_waits_for_the_rest() -> None:
    meeting = Meeting(("ann",), GROUP)
    come(meeting, "host", "ann")
    meeting.ask(person("host"), ask.StartRecording("rec_1", "2"))
    meeting.ask(person("host"), ask.AnswerConsent("rec_1", True, "2"))
    lost(meeting)
    back(meeting, "host")
    assert status(meeting) == "consenting", "who is on the way back has not agreed"
    back(meeting, "ann")
    assert status(meeting) == "consenting"
    meeting.ask(person("ann"), ask.AnswerConsent("rec_1", True, "2"))
    assert status(meeting) == "starting"
    meeting.tell(reports.RecorderSays("rec_1", 1, "started"))
    assert status(meeting) == "starting", "a zombie records nothing"
    meeting.tell(reports.RecorderSays("rec_1", meeting.record.media.epoch, "started"))
    assert status(meeting) == "recording"


def test_a_consent_in_the_middle_of_a_death_counts() -> None:
    meeting = Meeting(("ann",), GROUP)
    come(meeting, "host", "ann")
    meeting.ask(person("host"), ask.StartRecording("rec_1", "2"))
    epoch = lost(meeting)
    for name in ("host", "ann"):  # before either of them is there again
        meeting.ask(person(name), ask.AnswerConsent("rec_1", True, "2"))
    back(meeting, "host", "ann")
    assert status(meeting) == "starting"
    told = room_of(meeting.record).recording
    assert told is not None
    assert (told.granted, meeting.record.media.epoch) == (("prt_ann", "prt_host"), epoch)


def test_a_consent_taken_back_in_the_middle_of_a_death_ends_it() -> None:
    meeting = Meeting(("ann",), GROUP)
    come(meeting, "host", "ann")
    recording(meeting, "host", "ann")
    lost(meeting)
    meeting.ask(person("ann"), ask.AnswerConsent("rec_1", False, "2"))
    back(meeting, "host", "ann")
    assert status(meeting) == "stopping"


def no_worker(meeting: Meeting) -> None:
    """Nobody could be found who carries it."""
    epoch = meeting.record.media.epoch
    answered = Answered(key=f"place:{epoch}:1", outcome="refused", code=NO_WORKER)
    decision = meeting.entity.answered(answered, Context(SYSTEM, meeting.now_ms, {}))
    for event in (*decision.events, *decision.notes):
        meeting.entity.apply(event, meeting.record_seq + 1, meeting.now_ms)  # type: ignore[arg-type] # its own


@pytest.mark.parametrize(
    "terms", [MeetingTimes(fallbacks=("jitsi", "livekit")), MeetingTimes()], ids=["jitsi", "nothing"]
)
def test_where_no_worker_is_possible_it_goes_to_jitsi_or_waits(terms: MeetingTimes) -> None:
    meeting = Meeting(("ann", "ben"), GROUP, entity=MeetingEntity("mtg_1", terms, DOORS))
    come(meeting, "host", "ann")
    meeting.ask(person("host"), ask.Mute("prt_ann"))
    before = seat(meeting, "ann")
    lost(meeting, worker="")
    no_worker(meeting)
    after = seat(meeting, "ann")
    assert (after.participant, after.muted, after.joined) == (before.participant, before.muted, before.joined)
    if terms.fallbacks:
        assert (meeting.record.media.provider, meeting.record.interrupted) == ("jitsi", False)
        meeting.join("ben")
    else:
        assert (meeting.record.media.provider, meeting.record.interrupted) == ("sfu", True)


def test_what_is_recorded_does_not_go_elsewhere_with_it() -> None:
    meeting = Meeting(
        ("ann",), replace(GROUP, e2ee=True), entity=MeetingEntity("mtg_1", MeetingTimes(fallbacks=("jitsi",)), DOORS)
    )
    come(meeting, "host", "ann")
    with pytest.raises(FailedPrecondition) as refusal:
        meeting.ask(person("host"), ask.StartRecording("rec_1", "2"))
    assert reason(refusal) == "e2ee"
    lost(meeting, worker="")
    no_worker(meeting)
    assert meeting.record.media.provider == "sfu", "who reads nothing is not replaced by who could"


def test_wi_fi_to_cellular_is_the_same_seat() -> None:
    meeting = Meeting(config=Config(provider="sfu", lobby="off", max_participants=3))
    come(meeting, "host", "ann")
    before = seat(meeting, "ann")
    meeting.tell(reports.Lost("prt_ann", 1, meeting.now_ms))
    meeting.now_ms += 5_000
    back(meeting, "ann")
    after = seat(meeting, "ann")
    assert (after.participant, after.epoch, after.joined) == (before.participant, before.epoch, before.joined)
    assert ticket(meeting, "ann").seat_epoch == before.epoch
