"""What is held: it goes to nobody until somebody has looked at it, and its sender is told so. Pure."""

from typing import Any, Final

import msgspec

from actors.kernel.contract.entity import Context, Decision
from actors.rooms.conversation.admission import require_talk
from actors.rooms.files.naming import filed
from actors.rooms.keeping import holds
from actors.rooms.marks import acks, blocks, mentions
from actors.rooms.messages.chat_message import Content, Message, content_of, pack
from actors.rooms.messages.more import PLAIN, Rich
from actors.rooms.replies import EditedMessage, PostedMessage
from actors.rooms.room import announcing
from actors.rooms.room.commands import Edit, Post
from actors.rooms.room.events import Edited, Posted
from actors.rooms.room.sight import blind_to, veil_of
from actors.rooms.room.state import RoomState
from actors.rooms.room.wire import Done
from actors.rooms.safety.commands import DropHeld, HeldAnswer, HeldFate, PostHeld
from actors.rooms.safety.events import Held, HeldOver
from actors.rooms.safety.record import MOST_HELD, HeldPlace
from common.clock import to_rfc3339
from common.errors import CarewireError, RateLimited
from common.ids import derived_id
from common.numbered_ids import seq_in, timed_id

_LEFT: Final = "left"
_GONE: Final = "gone"


def hold_post(room: RoomState, command: Post, content: Content, found: tuple[str, ...], context: Context) -> Decision:
    """The message waits.

    Raises:
        RateLimited: as many wait as may.
    """
    note = _held(room, context, content, found, kind=command.kind, client_id=command.client_id or "")
    note = msgspec.structs.replace(note, reply_to=command.reply_to, more=command.more)
    return Decision(PostedMessage(id=note.held, state="held", held_id=note.held), notes=(note,))


def hold_edit(room: RoomState, command: Edit, content: Content, found: tuple[str, ...], context: Context) -> Decision:
    """The new words wait; the old ones stay. Raises as `hold_post`."""
    note = _held(room, context, content, found, kind="text", target=command.message_id)
    return Decision(EditedMessage(state="held", held_id=note.held), notes=(note,))


def post_held(room: RoomState, command: PostHeld, context: Context) -> Decision:
    """It was released, be it after it had been rejected: it gets its seq now, once; unless its sender may say nothing
    here any more, or its message is gone: then they hear that it goes nowhere."""
    known = room.safety.held.get(command.held)
    if known is None or known.state == "released":
        return Decision(Done())
    if refusal := _refusal(room, command.sender):
        return _over(command.held, context, sender=command.sender, refusal=refusal)
    return _edit(room, command, context) if command.target else _post(room, command, known, context)


def drop_held(room: RoomState, command: DropHeld, context: Context) -> Decision:
    """It was rejected."""
    known = room.safety.held.get(command.held)
    if known is None or known.state != "held":
        return Decision(Done())
    return _over(command.held, context)


def fate(room: RoomState, command: HeldFate) -> Decision:
    """What became of it."""
    known = room.safety.held.get(command.held, HeldPlace("", "unknown"))
    states: dict[str, Any] = {"held": "held", "released": "released", "rejected": "rejected"}
    sent_at = to_rfc3339(known.at) if known.seq else ""
    state = states.get(known.state, "unknown")
    relation = "" if room.binding is None else room.binding.relation
    answer = HeldAnswer(
        state=state,
        message_id=known.message_id,
        seq=known.seq,
        sent_at=sent_at,
        relation=relation,
        refusal=_refusal(room, known.sender) if state in ("held", "rejected") else "",
    )
    return Decision(answer)


def _held(
    room: RoomState,
    context: Context,
    content: Content,
    found: tuple[str, ...],
    *,
    kind: str,
    client_id: str = "",
    target: str = "",
) -> Held:
    if room.safety.waiting >= MOST_HELD:
        raise RateLimited("As many messages wait here as may.", details={"reason": "held"}, retry_after_s=3600)
    name = f"{room.id}\0{room.safety.count}\0{context.by.user}\0{client_id}"
    return Held(
        author=context.by.user,
        secret=pack(content),
        at=context.now_ms,
        held=derived_id("hld", context.now_ms, name),
        kind=kind,
        matched=found,
        client_id=client_id,
        target=target,
    )


def _post(room: RoomState, command: PostHeld, known: HeldPlace, context: Context) -> Decision:
    now_ms, seq = context.now_ms, room.last_seq + 1
    message_id = timed_id("msg", now_ms, seq, room.mark)
    event = Posted(
        author=command.sender,
        secret=command.content,
        at=now_ms,
        id=message_id,
        kind=command.kind,
        client_id=known.client_id or None,
        reply_to=known.reply_to,
        veil=veil_of(room),
        more=known.more,
    )
    over = HeldOver(at=now_ms, held=command.held, state="released", message_id=message_id, seq=seq)
    content = content_of(command.content)
    more, rich = known.more or PLAIN, content.rich or Rich()
    head = (command.sender, now_ms, seq, message_id)
    notes = (
        over,
        *filed(*head, content.attachments),
        *mentions.notes(room, more, message_id, author=command.sender, now_ms=now_ms),
        *acks.notes(room, more, message_id, author=command.sender, now_ms=now_ms),
        *blocks.referred(*head, rich.blocks),
    )
    timers = (
        *announcing.timers(room, now_ms),
        *acks.timers(more, message_id, now_ms),
        *blocks.timers(rich, message_id),
    )
    return Decision(Done(), events=(event,), notes=notes, timers=timers)


def _edit(room: RoomState, command: PostHeld, context: Context) -> Decision:
    seq = seq_in(command.target, room.mark)
    message = context.parts.get(str(seq))
    if not isinstance(message, Message) or message.deleted_at is not None or message.sender != command.sender:
        return _over(command.held, context, sender=command.sender, refusal=_GONE)
    event = Edited(
        author=message.sender,
        secret=command.content,
        at=context.now_ms,
        target=message.seq,
        unseen_by=blind_to(room, message.seq),
    )
    number = room.last_seq + 1
    over = HeldOver(at=context.now_ms, held=command.held, state="released", message_id=message.id, seq=number)
    return Decision(Done(), events=(event,), notes=(over, *holds.copies(room, message, context)))


def _over(held: str, context: Context, *, sender: str = "", refusal: str = "") -> Decision:
    over = HeldOver(author=sender, at=context.now_ms, held=held, state="rejected", refusal=refusal)
    return Decision(Done(), notes=(over,))


def _refusal(room: RoomState, sender: str) -> str:
    """Why its sender may say nothing here any more; "": they may."""
    if sender not in room.members:
        return _LEFT
    try:
        require_talk(room)
    except CarewireError as refused:
        return str((refused.details or {}).get("reason", refused.code))
    return ""
