"""What follows from recordings: each hears from its meeting how it stands, and says when all of it is stored."""

from typing import Any, Final

import msgspec
import pytest

from actors.kernel.contract.entity import Event, Recorded
from actors.kernel.contract.reactions import owed_by
from actors.meetings.commands import MeetingCommand
from actors.meetings.events import RecordingChanged
from actors.meetings.reports import RecorderSays
from actors.meetings.state import ConsentAnswer, Recording, RecordingStatus
from actors.recordings.commands import Follow, RecordingCommand
from actors.recordings.events import RecordingDeleted, RecordingFiled
from tests.unit.workflows.test_table import RULES

TOLD: Final = {"follow_recording", "tell_stored", "tell_deleted"}


def letters(rule: str, event: Event, commands: Any) -> list[tuple[str, Any]]:
    found = RULES[rule]
    owed = owed_by([found], f"{found.kind}:one", Recorded(7, 1000, 3, event), "7").letters
    assert all(letter.to.partition(":")[0] in found.to for _, letter in owed)
    return [(letter.to, msgspec.msgpack.decode(letter.command, type=commands)) for _, letter in owed]


def changed(status: RecordingStatus) -> RecordingChanged:
    recording = Recording(
        id="rec_1",
        status=status,
        by="prt_host",
        text_version="1",
        consents=(ConsentAnswer("prt_ann", "granted", "1", 5),),
        asked=1,
        started=2,
    )
    people = (("prt_host", "host"), ("prt_ann", "ann"))
    return RecordingChanged(recording=recording, host="host", access="participants", people=people)


def test_a_recording_hears_how_it_stands_and_who_is_in_it() -> None:
    [(to, command)] = letters("follow_recording", changed("recording"), RecordingCommand)
    assert to == "recording:rec_1"
    assert isinstance(command, Follow)
    assert (command.meeting, command.host, command.status, command.shared) == ("one", "host", "recording", True)
    assert command.people == (("prt_host", "host"), ("prt_ann", "ann"))


@pytest.mark.parametrize("status", ["ready", "failed", "deleted"])
def test_what_it_has_said_itself_it_is_not_told(status: RecordingStatus) -> None:
    assert letters("follow_recording", changed(status), RecordingCommand) == []


@pytest.mark.parametrize(("failed", "said"), [("", "ready"), ("expired", "failed")])
def test_its_meeting_hears_when_all_of_it_is_stored(failed: str, said: str) -> None:
    filed = RecordingFiled(meeting="mtg_1", tracks=(), integrity="verified", keep_until=9, failed=failed)
    [(to, command)] = letters("tell_stored", filed, MeetingCommand)
    assert to == "meeting:mtg_1"
    assert isinstance(command, RecorderSays)
    assert (command.recording, command.said, command.integrity) == ("one", said, "verified")


@pytest.mark.parametrize(("why", "told"), [("expired", "expired"), ("She asked for it.", "deleted")])
def test_its_meeting_hears_that_it_is_no_more_and_not_why_somebody_wanted_so(why: str, told: str) -> None:
    gone = RecordingDeleted(reason=why, by="host", tracks=("trk_1",), meeting="mtg_1")
    [(to, command)] = letters("tell_deleted", gone, MeetingCommand)
    assert to == "meeting:mtg_1"
    assert isinstance(command, RecorderSays)
    assert (command.recording, command.said, command.reason) == ("one", "deleted", told)
    of_before = RecordingDeleted(reason=why, by="host", tracks=())
    assert letters("tell_deleted", of_before, MeetingCommand) == []
