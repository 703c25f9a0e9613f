"""What becomes of a recording: filed, read, held, deleted, expired."""

from typing import Any

import msgspec
import pytest

from actors.kernel.contract.activities import Answered
from actors.kernel.contract.entity import SYSTEM, Context, Principal
from actors.recordings.activities import FINISH, Finished
from actors.recordings.commands import DestroyRecording, ExpireRecording, Follow, Look, RetainRecording
from actors.recordings.entity import RecordingEntity
from actors.recordings.kind import RecordingKind
from actors.recordings.state import ParticipantConsent, Status, Track
from common.errors import FailedPrecondition, NotFound, PermissionDenied

DAY = 86_400_000
HOST, ANN, BEN = Principal("host", "therapist"), Principal("ann"), Principal("ben")
ADMIN = Principal("root", "admin")
TRACK = Track(
    id="trk_1",
    participant="prt_ann",
    user="ann",
    source="camera",
    codec="vp8",
    begin=1000,
    end=9000,
    bytes=10,
    sha256="aa",
    chain="bb",
)


class One:
    """A recording that is asked one thing after another."""

    def __init__(self) -> None:
        self.entity = RecordingEntity("rec_1", 30 * DAY)
        self.now_ms = 10_000
        self.timers: list[tuple[int, Any]] = []

    def ask(self, by: Principal, command: Any) -> Any:
        return self._take(self.entity.decide(command, Context(by, self.now_ms), 0))

    def _take(self, decision: Any) -> Any:
        for event in decision.events:
            self.entity.apply(event, 1, self.now_ms)
        self.timers += [(timer.due_ms, timer.command) for timer in decision.timers]
        return decision.reply

    def follow(self, status: Status, *, shared: bool = False) -> None:
        self.ask(
            SYSTEM,
            Follow(
                meeting="mtg_1",
                host="host",
                by="prt_host",
                status=status,
                text_version="1",
                audio_only=False,
                shared=shared,
                reason="",
                people=(("prt_host", "host"), ("prt_ann", "ann"), ("prt_ben", "ben")),
                consents=(
                    ParticipantConsent("prt_host", "granted", "1"),
                    ParticipantConsent("prt_ann", "granted", "1"),
                ),
                asked=1,
                started=1000,
                stopped=9000 if status == "stopping" else 0,
            ),
        )

    def filed(self, *, shared: bool = False) -> "One":
        for status in ("consenting", "starting", "recording", "stopping"):
            self.follow(status, shared=shared)
        result = msgspec.msgpack.encode(Finished(tracks=(TRACK,), integrity="verified"))
        self._take(
            self.entity.answered(Answered(key=FINISH, outcome="done", result=result), Context(SYSTEM, self.now_ms))
        )
        return self


def test_it_is_ready_once_all_of_it_is_stored() -> None:
    one = One().filed()
    record = one.ask(HOST, Look())
    assert (record.status, record.integrity, record.keep_until) == ("ready", "verified", 10_000 + 30 * DAY)
    one.follow("recording")  # a letter that comes late changes nothing
    assert one.ask(HOST, Look()).status == "ready"


def test_the_host_reads_it_and_with_the_meetings_leave_each_who_is_in_it() -> None:
    alone, shared = One().filed(), One().filed(shared=True)
    assert alone.ask(HOST, Look()).id == "rec_1"
    with pytest.raises(NotFound):
        alone.ask(ANN, Look())
    assert shared.ask(ANN, Look()).id == "rec_1"
    for stranger in (BEN, Principal("eve"), ADMIN):
        with pytest.raises(NotFound):
            shared.ask(stranger, Look())
    assert shared.ask(ADMIN, Look(granted=True)).id == "rec_1"
    with pytest.raises(NotFound):
        shared.ask(Principal("eve"), Look(granted=True))


def test_what_is_held_is_neither_deleted_nor_does_it_expire() -> None:
    one = One().filed()
    one.ask(HOST, RetainRecording(True, "A complaint."))
    with pytest.raises(FailedPrecondition) as refusal:
        one.ask(HOST, DestroyRecording())
    assert refusal.value.details == {"reason": "held"}
    keep_until = one.ask(HOST, Look()).keep_until
    one.ask(SYSTEM, ExpireRecording(keep_until))
    assert one.ask(HOST, Look()).status == "ready"
    one.ask(HOST, RetainRecording(False, ""))
    due, command = one.timers[-1]
    assert due == keep_until
    one.ask(SYSTEM, msgspec.msgpack.decode(command, type=RecordingKind.commands))
    assert one.ask(SYSTEM, Look()).status == "deleted"


def test_who_may_delete_and_that_it_is_once() -> None:
    one = One().filed(shared=True)
    with pytest.raises(PermissionDenied):
        one.ask(ANN, DestroyRecording())
    with pytest.raises(NotFound):
        one.ask(BEN, DestroyRecording())
    assert one.ask(ADMIN, DestroyRecording("asked for")).status == "deleted"
    assert one.ask(HOST, DestroyRecording()).reason == "asked for"


def test_what_still_runs_is_not_deleted() -> None:
    one = One()
    one.follow("recording")
    with pytest.raises(FailedPrecondition):
        one.ask(HOST, DestroyRecording())


def test_only_carewire_says_how_it_stands() -> None:
    one = One()
    one.follow("consenting")
    with pytest.raises(PermissionDenied):
        one.ask(HOST, ExpireRecording(0))


def test_its_state_survives_a_snapshot() -> None:
    one, kind = One().filed(), RecordingKind(30 * DAY)
    assert kind.restore("rec_1", kind.snapshot(one.entity)).record == one.entity.record
