"""What is held: it goes to nobody until somebody has looked at it, and its sender is told so. Pure."""

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from actors.kernel.contract.entity import Context, Decision
from actors.rooms.files.naming import filed
from actors.rooms.keeping import holds
from actors.rooms.marks.blocks import referred
from actors.rooms.messages.chat_message import Content, Message, content_of, pack
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
from common.errors import RateLimited
from common.ids import derived_id
from common.numbered_ids import seq_in, timed_id

_SPOKEN: Final = frozenset({"alt", "caption", "name", "title", "text", "prompt", "options"})
_json: Final = msgspec.json.Decoder().decode


def found_in(room: RoomState, *texts: str | bytes) -> tuple[str, ...]:
    """Kinds of what would hold these words in this room; JSON is looked through for what people read of it."""
    if room.policy.screening != "hold" or room.screen is None:
        return ()
    binding = room.binding
    relation = "" if binding is None else binding.relation
    found = [one for text in texts if text for one in room.screen(_plain(text), relation)]
    return tuple(dict.fromkeys(found))


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
    """It was released: it gets its seq now, once; unless its sender has left, or its message is gone."""
    known = room.safety.held.get(command.held)
    if known is None or known.state != "held":
        return Decision(Done())
    if command.sender not in room.members:
        return _over(room, command.held, "rejected", context)
    return _edit(room, command, context) if command.target else _post(room, command, known, context)


def drop_held(room: RoomState, command: DropHeld, context: Context) -> Decision:
    """It was rejected."""
    known = room.safety.held.get(command.held)
    if known is None or known.state != "held":
        return Decision(Done())
    return _over(room, command.held, "rejected", context)


def fate(room: RoomState, command: HeldFate) -> Decision:
    """What became of it."""
    known = room.safety.held.get(command.held, HeldPlace("", "unknown"))
    states: dict[str, Any] = {"held": "held", "released": "released", "rejected": "rejected"}
    sent_at = to_rfc3339(known.at) if known.seq else ""
    state = states.get(known.state, "unknown")
    relation = "" if room.binding is None else room.binding.relation
    answer = HeldAnswer(state=state, message_id=known.message_id, seq=known.seq, sent_at=sent_at, relation=relation)
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
    head = (command.sender, now_ms, seq, message_id)
    blocks = b"" if content.rich is None else content.rich.blocks
    notes = (over, *filed(*head, content.attachments), *referred(*head, blocks))
    return Decision(Done(), events=(event,), notes=notes, timers=announcing.timers(room, now_ms))


def _edit(room: RoomState, command: PostHeld, context: Context) -> Decision:
    seq = seq_in(command.target, room.mark)
    message = context.parts.get(str(seq))
    if not isinstance(message, Message) or message.deleted_at is not None or message.sender != command.sender:
        return _over(room, command.held, "rejected", context)
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


def _over(room: RoomState, held: str, state: Any, context: Context) -> Decision:
    return Decision(Done(), notes=(HeldOver(at=context.now_ms, held=held, state=state),))


def _plain(text: str | bytes) -> str:
    return text if isinstance(text, str) else "\n".join(_said(_json(text)))


def _said(value: object, *, inside: bool = False) -> Iterable[str]:
    """What people read of a JSON document: captions and the like, never ids."""
    if isinstance(value, str):
        yield from (value,) if inside else ()
    elif isinstance(value, list):
        for one in value:
            yield from _said(one, inside=inside)
    elif isinstance(value, dict):
        for name, one in value.items():
            yield from _said(one, inside=name in _SPOKEN)
