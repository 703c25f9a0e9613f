"""The rules of what a person says later. Pure.

At its time the room is asked once, by letter, with the words and in the person's name; it judges as if they said it
then, and tells what became of it. So nothing is said twice, whatever dies, and nothing that could no longer be said.
"""

from dataclasses import dataclass, field
from typing import Final, assert_never

import msgspec

from actors.kernel.contract.entity import Context, Decision, Event, SetTimer
from actors.outgoing import asking
from actors.outgoing.commands import (
    AskFor,
    CancelScheduled,
    ChoosePrivacy,
    ForgetOutgoing,
    GetPrivacy,
    GetScheduledWords,
    ListScheduled,
    NoteAsked,
    OutgoingCommand,
    Reschedule,
    ScheduleSend,
    SendScheduled,
    TellSaid,
)
from actors.outgoing.events import (
    AnyOutgoing,
    AskBegun,
    AskNoted,
    Cancelled,
    Failed,
    PrivacyChosen,
    Rescheduled,
    Scheduled,
    SendDue,
    Sent,
)
from actors.outgoing.queries import ListOutgoing
from actors.outgoing.replies import ChatPrivacy, OutgoingDone, ScheduledAnswer, ScheduledWords
from actors.outgoing.state import OutgoingRecord, OutgoingState, OutgoingWords
from common.errors import Conflict, FailedPrecondition, InvalidArgument, NotFound, PermissionDenied

MOST_WAITING: Final = 100
MOST_OVER: Final = 100
"""Of those that are over, so many are kept in the list."""
FURTHEST_MS: Final = 365 * 86_400_000
LATEST_MS: Final = 86_400_000
"""Later than this it is not said any more."""
_pack: Final = msgspec.msgpack.Encoder().encode
_words_in: Final = msgspec.msgpack.Decoder(OutgoingWords).decode
_OURS: Final = (SendScheduled, TellSaid, NoteAsked, ForgetOutgoing)


@dataclass(slots=True)
class Outgoing:
    """One person's."""

    user: str
    state: OutgoingState = field(default_factory=OutgoingState)

    def decide(self, command: OutgoingCommand, context: Context, version: int) -> Decision:
        """See `Entity.decide`.

        Raises:
            PermissionDenied: it is somebody else's.
            NotFound: there is no such message.
            InvalidArgument: not a time at which it could be said.
            FailedPrecondition: too many wait; or it waits no longer.
            RateLimited: see `asking.ask`.
        """
        if context.by.is_system is not isinstance(command, _OURS) or (
            not context.by.is_system and context.by.user != self.user
        ):
            raise PermissionDenied("These are somebody else's messages.")
        match command:
            case ScheduleSend():
                return self._schedule(command, context, version)
            case Reschedule():
                return self._reschedule(command, context)
            case CancelScheduled():
                return self._cancel(command, context)
            case GetScheduledWords():
                return self._words_of(command, context)
            case ListScheduled():
                return Decision(ListOutgoing(self._in_order()))
            case GetPrivacy():
                return Decision(self._privacy())
            case ChoosePrivacy():
                return self._choose(command, context)
            case AskFor():
                return Decision(OutgoingDone(), events=asking.ask(self.state.asked, self.user, command, context.now_ms))
            case SendScheduled() | TellSaid() | NoteAsked() | ForgetOutgoing():
                return self._decide_of_ours(command, context)
        assert_never(command)

    def _decide_of_ours(
        self, command: SendScheduled | TellSaid | NoteAsked | ForgetOutgoing, context: Context
    ) -> Decision:
        match command:
            case SendScheduled():
                return self._send(command, context)
            case TellSaid():
                return self._said(command, context)
            case NoteAsked():
                return Decision(
                    OutgoingDone(), events=asking.note(self.state.asked, self.user, command, context.now_ms)
                )
            case ForgetOutgoing():
                waiting = [one for one in self.state.records.values() if not one.over]
                return Decision(OutgoingDone(), events=[_cancelled(self.user, one, context.now_ms) for one in waiting])
        assert_never(command)

    def needs(self, command: OutgoingCommand) -> list[str]:
        """The words that a decision will want."""
        if not isinstance(command, SendScheduled | GetScheduledWords):
            return []
        record = self.state.records.get(command.id)
        return [str(record.words)] if record is not None and not record.over else []

    def _schedule(self, command: ScheduleSend, context: Context, version: int) -> Decision:
        if command.id in self.state.records:
            return Decision(ScheduledAnswer(scheduled=self.state.records[command.id].to_wire()))
        _check_time(command.send_at_ms, context.now_ms)
        if sum(not one.over for one in self.state.records.values()) >= MOST_WAITING:
            raise FailedPrecondition(f"At most {MOST_WAITING} messages can wait. Cancel one first.")
        event = Scheduled(
            author=self.user,
            secret=_pack(OutgoingWords(body=command.body, post=command.post)),
            at=context.now_ms,
            id=command.id,
            room=command.room,
            role=context.by.role,
            send_at=command.send_at_ms,
        )
        record = _scheduled(event, version + 1)
        return Decision(ScheduledAnswer(scheduled=record.to_wire()), events=(event,), timers=(_timer(record),))

    def _reschedule(self, command: Reschedule, context: Context) -> Decision:
        record = self._waiting(command.id)
        if command.body is None and command.send_at_ms is None:
            raise InvalidArgument("Name other words, or another time.", details={"field": "body"})
        send_at = record.send_at if command.send_at_ms is None else command.send_at_ms
        if command.send_at_ms is not None:
            _check_time(send_at, context.now_ms)
        words = None if command.body is None else _pack(OutgoingWords(body=command.body, post=command.post))
        if words is not None and command.was != record.words:
            raise Conflict("It was changed meanwhile. Please try again.")
        event = Rescheduled(
            author=self.user,
            secret=words,
            at=context.now_ms,
            id=record.id,
            send_at=send_at,
            before=0 if words is None else record.words,
        )
        changed = msgspec.structs.replace(record, send_at=send_at)
        timers = () if command.send_at_ms is None else (_timer(changed),)
        return Decision(ScheduledAnswer(scheduled=changed.to_wire()), events=(event,), timers=timers)

    def _words_of(self, command: GetScheduledWords, context: Context) -> Decision:
        record = self._waiting(command.id)
        packed = context.parts.get(str(record.words))
        if packed is None:
            raise NotFound("There is no such scheduled message.")
        return Decision(ScheduledWords(room_id=record.room, post=_words_in(packed).post, number=record.words))

    def _cancel(self, command: CancelScheduled, context: Context) -> Decision:
        record = self._record(command.id)
        if record.state == "cancelled":
            return Decision(ScheduledAnswer(scheduled=record.to_wire()))
        record = self._waiting(command.id)
        event = _cancelled(self.user, record, context.now_ms)
        return Decision(
            ScheduledAnswer(scheduled=msgspec.structs.replace(record, state="cancelled").to_wire()), events=(event,)
        )

    def _send(self, command: SendScheduled, context: Context) -> Decision:
        """The timer. One that waits for another time by now, or that the room was asked for already, does nothing."""
        record = self.state.records.get(command.id)
        if record is None or record.over or record.sending or record.send_at != command.due_ms:
            return Decision(OutgoingDone())
        words = context.parts.get(str(record.words))
        if words is None:
            return Decision(OutgoingDone(), events=(_failed(self.user, record, "erased", context.now_ms),))
        if context.now_ms > record.send_at + LATEST_MS:
            return Decision(OutgoingDone(), events=(_failed(self.user, record, "late", context.now_ms),))
        event = SendDue(
            author=self.user,
            secret=_words_in(words).post,
            at=context.now_ms,
            id=record.id,
            room=record.room,
            role=record.role,
        )
        return Decision(OutgoingDone(), events=(event,))

    def _said(self, command: TellSaid, context: Context) -> Decision:
        record = self.state.records.get(command.id)
        if record is None or record.over:
            return Decision(OutgoingDone())
        if not command.message_id:
            return Decision(OutgoingDone(), events=(_failed(self.user, record, command.reason, context.now_ms),))
        event = Sent(
            author=self.user,
            at=context.now_ms,
            id=record.id,
            room=record.room,
            send_at=record.send_at,
            message_id=command.message_id,
            words=_words(record),
        )
        return Decision(OutgoingDone(), events=(event,))

    def _choose(self, command: ChoosePrivacy, context: Context) -> Decision:
        receipts = self.state.receipts if command.receipts is None else command.receipts
        typing = self.state.typing if command.typing is None else command.typing
        answer = ChatPrivacy(receipts=receipts, typing=typing)
        if answer == self._privacy():
            return Decision(answer)
        event = PrivacyChosen(author=self.user, at=context.now_ms, receipts=receipts, typing=typing)
        return Decision(answer, events=(event,))

    def _privacy(self) -> ChatPrivacy:
        return ChatPrivacy(receipts=self.state.receipts, typing=self.state.typing)

    def _record(self, id_: str) -> OutgoingRecord:
        if (record := self.state.records.get(id_)) is None:
            raise NotFound("There is no such scheduled message.")
        return record

    def _waiting(self, id_: str) -> OutgoingRecord:
        record = self._record(id_)
        if record.over or record.sending:
            raise FailedPrecondition("It waits no longer.", details={"state": record.state})
        return record

    def _in_order(self) -> tuple[OutgoingRecord, ...]:
        records = self.state.records.values()
        waiting = sorted((one for one in records if not one.over), key=lambda one: (one.send_at, one.id))
        return (*waiting, *[one for one in reversed(list(records)) if one.over])

    def apply(self, event: AnyOutgoing, seq: int, at_ms: int) -> None:
        """See `Entity.apply`."""
        if isinstance(event, PrivacyChosen):
            self.state.receipts, self.state.typing = event.receipts, event.typing
        elif isinstance(event, AskBegun | AskNoted):
            asking.fold(self.state.asked, event)
        elif isinstance(event, Scheduled):
            self.state.records[event.id] = _scheduled(event, seq)
        elif (record := self.state.records.get(event.id)) is not None:
            self.state.records[event.id] = msgspec.structs.replace(record, **_change(event, seq))
            self._prune()

    def _prune(self) -> None:
        over = [one.id for one in self.state.records.values() if one.over]
        for id_ in over[: max(0, len(over) - MOST_OVER)]:
            del self.state.records[id_]


def _change(event: Event, seq: int) -> dict[str, object]:
    match event:
        case Rescheduled():
            return {"send_at": event.send_at, **({"words": seq} if event.before else {})}
        case Cancelled():
            return {"state": "cancelled"}
        case SendDue():
            return {"sending": seq}
        case Sent():
            return {"state": "sent", "message_id": event.message_id}
        case Failed():
            return {"state": "failed", "reason": event.reason}
    return {}


def _scheduled(event: Scheduled, seq: int) -> OutgoingRecord:
    return OutgoingRecord(id=event.id, room=event.room, role=event.role, send_at=event.send_at, words=seq)


def _cancelled(user: str, record: OutgoingRecord, now_ms: int) -> Cancelled:
    return Cancelled(author=user, at=now_ms, id=record.id, room=record.room, send_at=record.send_at, words=record.words)


def _failed(user: str, record: OutgoingRecord, reason: str, now_ms: int) -> Failed:
    return Failed(
        author=user,
        at=now_ms,
        id=record.id,
        room=record.room,
        send_at=record.send_at,
        reason=reason,
        words=_words(record),
    )


def _words(record: OutgoingRecord) -> tuple[int, ...]:
    return tuple(seq for seq in (record.words, record.sending) if seq)


def _timer(record: OutgoingRecord) -> SetTimer:
    return SetTimer(f"send:{record.id}", record.send_at, _pack(SendScheduled(record.id, record.send_at)))


def _check_time(at_ms: int, now_ms: int) -> None:
    if not now_ms < at_ms <= now_ms + FURTHEST_MS:
        raise InvalidArgument("send_at lies ahead, at most 365 days.", details={"field": "send_at"})
