"""What follows from events of calls: it rings at every socket and device of the callee, and stops everywhere."""

from typing import Final

import msgspec

from actors.calls.call.events import CallEnded, CallRang
from actors.calls.records import CallRecord, EndReason, ShownCall, shown
from actors.kernel.contract.entity import Letter, Recorded
from actors.kernel.contract.reactions import AnyReaction, Owed, Reaction
from actors.notifications.notifier.commands import Tell
from actors.notifications.notifier.subjects import Subject
from actors.workflows.inbox import INBOX, event_id, tell

NOTIFIER: Final = "notifier"
_pack: Final = msgspec.msgpack.Encoder().encode


def ring(entity_id: str, recorded: Recorded[CallRang]) -> Owed:
    """Every socket of the callee: `call_notification`."""
    call = recorded.event.call
    told = tell([call.callee], event_id(entity_id, recorded), "call_notification", {"call": shown(call)})
    return Owed(told)


def stop_ringing(entity_id: str, recorded: Recorded[CallEnded]) -> Owed:
    """Both sides: `call_ended`, behind the ring. Where one device answered, the callee's hear that it was another."""
    call, made = recorded.event.call, event_id(entity_id, recorded)
    reasons: dict[str, EndReason] = {call.caller: _reason(call)}
    reasons[call.callee] = "answered_elsewhere" if call.status == "answered" else _reason(call)
    return Owed([letter for user, why in reasons.items() for letter in _told(user, made, shown(call), why)])


def push_ring(entity_id: str, recorded: Recorded[CallRang]) -> Owed:
    """Every device of the callee, at once, for as long as it rings."""
    return Owed([_push(recorded.event.call, recorded.seq, Tell(name="incoming_call", mode="ring", at_once=True))])


def push_end(entity_id: str, recorded: Recorded[CallEnded]) -> Owed:
    """Every device that was rung: it stops. What was missed stays to be read."""
    call = recorded.event.call
    if call.status == "missed":
        return Owed([_push(call, recorded.seq, Tell(name="missed_call", mode="ring_end", at_once=True))])
    return Owed([_push(call, recorded.seq, Tell(name="incoming_call", mode="ring_end", at_once=True, withdraw=True))])


def _push(call: CallRecord, version: int, told: Tell) -> Letter:
    command = msgspec.structs.replace(
        told,
        subject=Subject("call", call.id, version),
        values={"call_id": call.id, "caller_id": call.caller, "media": call.media},
        sender=call.caller,
        link=f"/open/call/{call.id}",
        expires_at_ms=call.expires if told.name == "incoming_call" else 0,
    )
    return Letter(f"{NOTIFIER}:{call.callee}", _pack(command))


def _reason(call: CallRecord) -> EndReason:
    return "answered" if call.status == "ringing" else call.status


def _told(user: str, made: str, call: ShownCall, reason: EndReason) -> list[Letter]:
    return tell([user], made, "call_ended", {"call": call, "reason": reason})


REACTIONS: Final[list[AnyReaction]] = [
    Reaction("ring", "call", CallRang, ring, to=(INBOX,)),
    Reaction("stop_ringing", "call", CallEnded, stop_ringing, to=(INBOX,)),
    Reaction("push_ring", "call", CallRang, push_ring, to=(NOTIFIER,), feature="notifications"),
    Reaction("push_end", "call", CallEnded, push_end, to=(NOTIFIER,), feature="notifications"),
]
