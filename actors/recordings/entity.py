"""One recording: `recording:<id>`. Its meeting decides whether anything is recorded; here is what becomes of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
from msgspec.structs import replace

from actors.kernel.contract.activities import Answered
from actors.kernel.contract.entity import Context, Decision, Principal, SetTimer
from actors.recordings import commands as asked
from actors.recordings.activities import FINISH, Finished
from actors.recordings.commands import RecordingCommand
from actors.recordings.events import RecordingDeleted, RecordingEvent, RecordingFiled, RecordingKept, folded
from actors.recordings.state import KEPT, OVER, RecordingState
from common.errors import FailedPrecondition, NotFound, PermissionDenied
from store.ports.holds import is_people_key, people_key

_DAY_MS: Final = 86_400_000
_pack: Final = msgspec.msgpack.Encoder().encode
_finished: Final = msgspec.msgpack.Decoder(Finished).decode


@dataclass(slots=True)
class RecordingEntity:
    """`keep_ms`: how long one is kept. `record` is None until its meeting has told of it."""

    id: str
    keep_ms: int
    record: RecordingState | None = None

    def decide(self, command: RecordingCommand, context: Context, version: int) -> Decision:
        """See `Entity.decide`.

        Raises:
            NotFound: there is none, or it is nothing to the one who asks.
            PermissionDenied: only Carewire itself does that; or theirs to see, but not to do this.
            FailedPrecondition: reason `held`, `not_over`.
        """
        by = context.by
        if isinstance(command, asked.Follow | asked.ExpireRecording) and not by.is_system:
            raise PermissionDenied("Only Carewire itself does that.")
        if isinstance(command, asked.Follow):
            return self._follow(command)
        record = self._known()
        match command:
            case asked.Look():
                if not (by.is_system or record.read_by(by.user) or (command.granted and by.role == "admin")):
                    raise NotFound("There is no such recording.")
                return Decision(record)
            case asked.RetainRecording():
                return _held(_kept_by(record, by), command, context.now_ms)
            case asked.DestroyRecording():
                return _deleted(_kept_by(record, by), command.reason or "deleted", by, under_hold=_is_under(context))
            case asked.ExpireRecording():
                return _expire(record, command, context)

    def needs(self, command: RecordingCommand) -> Sequence[str]:
        """Whether a legal hold lies over somebody who is in it, before it is destroyed."""
        if self.record is None or not isinstance(command, asked.DestroyRecording | asked.ExpireRecording):
            return ()
        return (people_key(self.record.shown | {self.record.host}),)

    def apply(self, event: RecordingEvent, seq: int, at_ms: int) -> None:
        """See `Entity.apply`."""
        self.record = folded(self.record, event)

    def answered(self, answered: Answered, context: Context) -> Decision:
        """What came of looking through it."""
        record = self.record
        if answered.key != FINISH or record is None or record.status in OVER:
            return Decision()
        keep_until = context.now_ms + self.keep_ms
        if answered.outcome == "done":
            found = _finished(answered.result)
            filed = RecordingFiled(
                meeting=record.meeting, tracks=found.tracks, integrity=found.integrity, keep_until=keep_until
            )
        else:
            why = answered.code or answered.outcome
            filed = RecordingFiled(
                meeting=record.meeting, tracks=(), integrity="broken", keep_until=keep_until, failed=why
            )
        return Decision(events=[filed], timers=[_expiry(keep_until, context.now_ms)])

    def _follow(self, command: asked.Follow) -> Decision:
        record = self.record
        if record is not None and (record.status in OVER or record.status == "stopping"):
            return Decision()  # what follows is for those who have stored it to say
        told = msgspec.structs.asdict(command)
        now = RecordingState(id=self.id, **told)
        if record is not None:
            now = replace(now, held=record.held, hold_reason=record.hold_reason)
        if command.status in ("ready", "failed", "deleted") or now == record:
            return Decision()
        return Decision(events=[RecordingKept(change="followed", recording=now)])

    def _known(self) -> RecordingState:
        if self.record is None:
            raise NotFound("There is no such recording.")
        return self.record


def _kept_by(record: RecordingState, by: Principal) -> RecordingState:
    """Raises NotFound, PermissionDenied."""
    if by.is_system or by.user == record.host or by.role == "admin":
        return record
    if by.user in record.shown:
        raise PermissionDenied("Only the host may do this.")
    raise NotFound("There is no such recording.")


def _held(record: RecordingState, command: asked.RetainRecording, now_ms: int) -> Decision:
    if record.status == "deleted":
        raise FailedPrecondition("This recording was deleted.", details={"reason": "deleted"})
    if command.held == record.held:
        return Decision(record)
    now = replace(record, held=command.held, hold_reason=command.reason if command.held else "")
    timers = [] if command.held or record.status not in KEPT else [_expiry(record.keep_until, now_ms)]
    return Decision(
        now, events=[RecordingKept(change="held" if command.held else "released", recording=now)], timers=timers
    )


def _expire(record: RecordingState, command: asked.ExpireRecording, context: Context) -> Decision:
    """Its time is over; under a legal hold it is looked at again a day later."""
    if command.keep_until != record.keep_until or record.status not in KEPT or record.held:
        return Decision()
    if _is_under(context):
        again = context.now_ms + _DAY_MS
        return Decision(timers=[SetTimer(f"expire:{record.keep_until}:{again}", again, _pack(command))])
    return _deleted(record, "expired", context.by)


def _is_under(context: Context) -> bool:
    """Does a legal hold lie over somebody who is in it?"""
    return any(bool(found) for key, found in context.parts.items() if is_people_key(key))


def _deleted(record: RecordingState, reason: str, by: Principal, *, under_hold: bool = False) -> Decision:
    if record.status in ("deleted", "refused"):
        return Decision(record)
    if record.status not in KEPT:
        raise FailedPrecondition("Stop the recording first.", details={"reason": "not_over"})
    if record.held or under_hold:
        raise FailedPrecondition("This recording is held.", details={"reason": "held"})
    event = RecordingDeleted(reason=reason, by=by.user, tracks=tuple(track.id for track in record.tracks))
    return Decision(folded(record, event), events=[event])


def _expiry(keep_until: int, now_ms: int) -> SetTimer:
    return SetTimer(f"expire:{keep_until}:{now_ms}", keep_until, _pack(asked.ExpireRecording(keep_until)))
