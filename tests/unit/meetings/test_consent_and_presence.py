"""What may be kept of a meeting, and what is known of who was there."""

import pytest

from actors.meetings import commands as ask
from actors.meetings import reports
from actors.meetings.rules.evidence import evidence_of
from actors.meetings.state import Config, Interval, MeetingTimes
from common.errors import Conflict, FailedPrecondition
from tests.unit.meetings.house import SFU, START, Meeting, come, person, reason, recording, status


def test_a_recording_begins_when_all_have_agreed_and_ends_when_one_takes_it_back() -> None:
    meeting = Meeting(config=SFU)
    come(meeting, "host", "ann")
    meeting.ask(person("host"), ask.StartRecording("rec_1", "2"))
    meeting.ask(person("host"), ask.AnswerConsent("rec_1", True, "2"))
    assert status(meeting) == "consenting", "whoever started it is asked too, and not alone"
    with pytest.raises(Conflict):
        meeting.ask(person("ann"), ask.AnswerConsent("rec_1", True, "1"))
    meeting.ask(person("ann"), ask.AnswerConsent("rec_1", True, "2"))
    meeting.tell(reports.RecorderSays("rec_1", meeting.record.media.epoch, "started"))
    assert status(meeting) == "recording"
    meeting.ask(person("ann"), ask.AnswerConsent("rec_1", False, "2"))
    assert (status(meeting), meeting.record.recording.reason) == ("stopping", "withdrawn")  # type: ignore[union-attr]
    meeting.tell(reports.RecorderSays("rec_1", meeting.record.media.epoch, "ready"))
    assert status(meeting) == "ready"


@pytest.mark.parametrize("answer", [False, None], ids=["refused", "silence"])
def test_one_refusal_or_silence_is_no_recording(answer: bool | None) -> None:
    meeting = Meeting(config=SFU)
    come(meeting, "host", "ann")
    meeting.ask(person("host"), ask.StartRecording("rec_1", "2"))
    meeting.ask(person("host"), ask.AnswerConsent("rec_1", True, "2"))
    if answer is None:
        meeting.pass_time(MeetingTimes().consent)
    else:
        meeting.ask(person("ann"), ask.AnswerConsent("rec_1", answer, "2"))
    assert status(meeting) == "refused"
    meeting.tell(reports.RecorderSays("rec_1", meeting.record.media.epoch, "started"))
    assert status(meeting) == "refused"


def test_who_comes_in_while_it_runs_brings_their_consent() -> None:
    meeting = Meeting(("ann", "ben"), SFU)
    come(meeting, "host", "ann")
    recording(meeting, "host", "ann")
    with pytest.raises(FailedPrecondition):
        meeting.join("ben", consent=("rec_1", "1"))
    assert meeting.join("ben", consent=("rec_1", "2")).state == "seated"
    meeting.tell(reports.Connected("prt_ben", meeting.record.media.epoch))
    assert status(meeting) == "recording"


def test_who_was_seated_before_and_has_not_agreed_ends_it_by_connecting() -> None:
    meeting = Meeting(("ann", "ben"), SFU)
    come(meeting, "host", "ann")
    meeting.join("ben")
    recording(meeting, "host", "ann")
    meeting.tell(reports.Connected("prt_ben", meeting.record.media.epoch))
    assert status(meeting) == "stopping"


def test_what_cannot_be_recorded_says_why() -> None:
    for config, expected in (
        (Config(lobby="off", recording="off"), "off"),
        (Config(lobby="off", e2ee=True), "e2ee"),
        (Config(lobby="off", provider="jitsi"), "provider"),
    ):
        meeting = Meeting(config=config)
        come(meeting, "host")
        with pytest.raises(FailedPrecondition) as refusal:
            meeting.ask(person("host"), ask.StartRecording("rec_1", "2"))
        assert reason(refusal) == expected
    meeting = Meeting(config=SFU)
    meeting.join("host")
    with pytest.raises(FailedPrecondition) as refusal:
        meeting.ask(person("host"), ask.StartRecording("rec_1", "2"))
    assert reason(refusal) == "not_live"


def test_presence_is_what_was_seen_and_short_gaps_of_who_came_back_are_bridged_and_named() -> None:
    meeting = Meeting(config=SFU, now_ms=START)
    come(meeting, "host", "ann")
    meeting.pass_time(60_000)
    meeting.tell(reports.Lost("prt_ann", meeting.record.media.epoch, meeting.now_ms - 4_000))
    meeting.pass_time(20_000)
    meeting.tell(reports.Connected("prt_ann", meeting.record.media.epoch))
    meeting.pass_time(60_000)
    meeting.ask(person("ann"), ask.LeaveSeat())
    meeting.ask(person("host"), ask.EndMeeting())
    evidence = evidence_of(meeting.record, MeetingTimes().bridge)
    ann = next(stay for stay in evidence.stays if stay.user == "ann")
    assert (ann.begin, ann.end, ann.bridged) == (START, START + 140_000, 24_000)
    assert evidence.overlap == 140_000
    assert evidence_of(meeting.record, 0).overlap == 116_000


def test_a_worker_that_dies_costs_no_more_than_since_its_last_word() -> None:
    meeting = Meeting(config=SFU, now_ms=START)
    come(meeting, "host", "ann")
    epoch = meeting.record.media.epoch
    for _ in range(3):
        meeting.now_ms += 5_000
        meeting.tell(reports.ReportConnected(("prt_host", "prt_ann"), epoch))
    meeting.now_ms += 4_000
    meeting.tell(reports.MoveMedia(epoch, "worker_lost", "sfu"))
    assert {(each.begin, each.end) for each in meeting.record.intervals} == {(START, START + 15_000)}
    meeting.tell(reports.ReportConnected(("prt_host", "prt_ann"), epoch))
    meeting.tell(reports.Connected("prt_ann", epoch))
    assert not [each for each in meeting.record.intervals if not each.end], "a zombie's words are void"
    meeting.tell(reports.Connected("prt_ann", epoch + 1))
    assert [each for each in meeting.record.intervals if not each.end] == [
        Interval("prt_ann", meeting.now_ms, meeting.now_ms)
    ]


def test_how_whole_a_recording_is_stands_in_its_meeting_once_it_is_known() -> None:
    meeting = Meeting(config=SFU)
    come(meeting, "host", "ann")
    recording(meeting, "host", "ann")
    shown = [meeting.ask(person("host"), ask.StopRecording()).meeting.recording]
    meeting.tell(reports.RecorderSays("rec_1", 0, "ready", integrity="gaps"))
    shown.append(meeting.ask(person("ann"), ask.GetMeeting()).meeting.recording)
    assert [(one.status, one.integrity) for one in shown] == [("stopping", "pending"), ("ready", "gaps")]
