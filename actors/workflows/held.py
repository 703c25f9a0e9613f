"""What follows from what rooms note for safety: cases begin, senders hear that their message is held; and what
moderators decide about rooms is carried out there."""

from typing import Final

import msgspec

from actors.inboxes.commands import Deliver
from actors.kernel.contract.entity import Letter, Recorded
from actors.kernel.contract.reactions import NOTHING, AnyReaction, Owed, Reaction
from actors.moderation.case.commands import FileReport, HoldMessage
from actors.moderation.case.events import CaseChanged
from actors.moderation.records import HeldMessage, Reason, case_id_of
from actors.notifications.notifier.commands import Tell
from actors.notifications.notifier.subjects import Subject
from actors.rooms.conversation.commands import ChangeState
from actors.rooms.messages.chat_message import content_of
from actors.rooms.room.outcome import room_id_of
from actors.rooms.safety.commands import ExpelMember, TakeDown
from actors.rooms.safety.events import Held, Testified
from actors.workflows.inbox import INBOX
from actors.workflows.notify import FEATURE, NOTIFIER, told
from common.clock import to_rfc3339
from common.ids import derived_id
from common.safety.evidence import Evidence, pack

CASE: Final = "case"
ROOM: Final = "room"

_pack: Final = msgspec.msgpack.Encoder().encode
_to_json: Final = msgspec.json.Encoder().encode


def open_case_of_report(entity_id: str, recorded: Recorded[Testified]) -> Owed:
    """The case of a report has what was said, whether or not the door that was asked lives on."""
    event = recorded.event
    command = FileReport(
        report=event.report,
        by=event.by,
        reason=msgspec.convert(event.reason, Reason),
        subject=event.subject,
        room=room_id_of(entity_id),
    )
    secret, owner = event.secret, event.author
    return Owed([] if secret is None else [Letter(f"{CASE}:{event.case}", _pack(command), secret, owner)])


def open_case_of_held(entity_id: str, recorded: Recorded[Held]) -> Owed:
    """Somebody is to look at what is held."""
    event, room = recorded.event, room_id_of(entity_id)
    if event.secret is None:
        return NOTHING
    content = content_of(event.secret)
    evidence = Evidence(
        room=room,
        message_id=event.target or event.held,
        seq=0,
        sender=event.author,
        body=content.body,
        at=event.at,
        captured=event.at,
        attachments=content.attachments,
        content=event.secret,
    )
    held = HeldMessage(
        id=event.held,
        room=room,
        sender=event.author,
        matched=event.matched,
        at=event.at,
        client_id=event.client_id,
        edit_of=event.target,
        kind=event.kind,
    )
    command = _pack(HoldMessage(held=held))
    return Owed([Letter(f"{CASE}:{case_id_of(event.held)}", command, pack(evidence), event.author)])


def tell_held(entity_id: str, recorded: Recorded[Held]) -> Owed:
    """Whoever wrote what is held: `message_held`."""
    event, room = recorded.event, room_id_of(entity_id)
    if event.secret is None:
        return NOTHING
    content = content_of(event.secret)
    message = {
        "id": event.target or event.held,
        "sender_id": event.author,
        "body": content.body,
        "sent_at": to_rfc3339(event.at),
    }
    if event.client_id:
        message["client_id"] = event.client_id
    payload = {"held_id": event.held, "room_id": room, "message": message}
    made = derived_id("evt", event.at, f"{entity_id}#{event.held}")
    command = _pack(Deliver(made, "message_held", b"{}"))
    return Owed([Letter(f"{INBOX}:{event.author}", command, _to_json(payload), event.author)])


def notify_held(entity_id: str, recorded: Recorded[Held]) -> Owed:
    """The same, where they do not look."""
    event = recorded.event
    return Owed(told((event.author,), Tell(name="message_held", subject=Subject("held", event.held, 1))))


def carry_out(entity_id: str, recorded: Recorded[CaseChanged]) -> Owed:
    """What a moderator decided about a message, a member, a conversation."""
    event, done = recorded.event, recorded.event.done
    if done is None or not event.case.room:
        return NOTHING
    room = f"{ROOM}:{event.case.room}"
    match done.deed:
        case "delete_message":
            return Owed([Letter(room, _pack(TakeDown(message_id=done.message)))])
        case "remove_member":
            return Owed([Letter(room, _pack(ExpelMember(user=done.user)))])
        case "close_conversation":
            return Owed([Letter(room, _pack(ChangeState(to="closed")))])
    return NOTHING


REACTIONS: Final[list[AnyReaction]] = [
    Reaction("open_case_of_report", "room", Testified, open_case_of_report, to=(CASE,)),
    Reaction("open_case_of_held", "room", Held, open_case_of_held, to=(CASE,)),
    Reaction("tell_held", "room", Held, tell_held, to=(INBOX,)),
    Reaction("notify_held", "room", Held, notify_held, to=(NOTIFIER,), feature=FEATURE),
    Reaction("carry_out", "case", CaseChanged, carry_out, to=(ROOM,)),
]
