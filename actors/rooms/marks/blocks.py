"""Blocks of messages: what became of them, and who has one in hand. Pure.

What a block stands for (a booking, a bill) has its own rules elsewhere. A room knows what it last heard of it, lets one
person at a time use what only one can have, and counts choices.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from actors.kernel.contract.entity import Context, Decision, SetTimer
from actors.rooms.conversation.admission import require_talk
from actors.rooms.marks.commands import Choose, GetBlock, ReserveBlock, SettleBlock, SettleFile
from actors.rooms.marks.events import BlockReserved, BlockSet, Chosen
from actors.rooms.messages.besides import blocks_of
from actors.rooms.messages.chat_message import Message
from actors.rooms.messages.more import NOTHING_NOTED, Rich, counts_of
from actors.rooms.replies import BlockAnswer, ChoiceCounts
from actors.rooms.room import rules
from actors.rooms.room.events import Referred
from actors.rooms.room.sight import blind_to, sight_of
from actors.rooms.room.state import RoomState
from actors.rooms.room.wire import Done
from common.errors import Conflict, FailedPrecondition, NotFound, PermissionDenied
from common.timeline import parse_instant

HELD_MS: Final = 30_000
"""How long somebody may take who uses a block that only one can: longer than a request lasts."""
OPEN: Final = "open"
_TELLS: Final[Mapping[str, Sequence[tuple[str, str]]]] = {
    "worksheet": (("assignment", "assignment_id"),),
    "payment": (("bill", "bill_id"),),
}
"""Whose states are told, by the type of block: which entity, and the member that names it."""
_pack: Final = msgspec.msgpack.Encoder().encode
_blocks: Final = msgspec.json.Decoder(list[dict[str, Any]]).decode


def timers(rich: Rich, message_id: str) -> Sequence[SetTimer]:
    """The timers of blocks that can be used until a moment only."""
    if not rich.blocks:
        return ()
    return [
        SetTimer(
            f"expire:{message_id}:{block['block_id']}",
            int(parse_instant(block["expires_at"], "expires_at")),
            _pack(SettleBlock(message_id=message_id, block_id=block["block_id"], state="expired", only_from=(OPEN,))),
        )
        for block in _blocks(rich.blocks)
        if "expires_at" in block
    ]


def referred(author: str, at: int, seq: int, message_id: str, blocks: bytes) -> tuple[Referred, ...]:
    """The note of a message whose blocks stand for what tells of its states."""
    if not blocks:
        return ()
    refs = tuple(
        (f"{entity}:{block[member]}", block["block_id"])
        for block in _blocks(blocks)
        for entity, member in _TELLS.get(block["type"], ())
    )
    return (Referred(author=author, at=at, target=seq, id=message_id, refs=refs),) if refs else ()


def get(room: RoomState, message: Message, command: GetBlock, context: Context) -> Decision:
    """A block as it is by now. Raises NotFound."""
    return Decision(
        BlockAnswer(
            sender_id=sight_of(room, context.by.user).name(message.sender), block=_block(message, command.block_id)
        )
    )


def choose(room: RoomState, message: Message, command: Choose, context: Context) -> Decision:
    """Choose, choose otherwise, or end it.

    Raises:
        NotFound, InvalidArgument: no such block or option.
        FailedPrecondition: nobody can choose any more.
        PermissionDenied: only its sender ends it.
    """
    require_talk(room)
    block, user = _block(message, command.block_id), context.by.user
    if block["type"] != "choice":
        raise FailedPrecondition("There is nothing to choose in this block.")
    if command.close and user != message.sender:
        raise PermissionDenied("Only its sender may end a choice.")
    if block["state"] != OPEN:
        raise FailedPrecondition("Nobody can choose here any more.", details={"state": block["state"]})
    if command.close:
        note = _set(room, message, command.block_id, "closed", context.now_ms, author=user)
        return Decision(ChoiceCounts(counts=block["counts"]), notes=(note,))
    options = tuple(sorted(set(command.options)))
    if not all(0 <= place < len(block["options"]) for place in options):
        raise rules.invalid("Choose by the places of the options, from 0 on.", "choose")
    if len(options) > 1 and not block.get("multiple"):
        raise rules.invalid("Choose one option.", "choose")
    chosen = (message.margin or NOTHING_NOTED).chosen.get(command.block_id, {}) | {user: options}
    note_ = Chosen(author=user, at=context.now_ms, **_of(message, command.block_id), options=options)
    return Decision(ChoiceCounts(counts=counts_of(chosen, len(block["options"]))), notes=(note_,))


def reserve(room: RoomState, message: Message, command: ReserveBlock, context: Context) -> Decision:
    """Have a block in hand for a moment.

    Raises:
        FailedPrecondition: it can be used no more.
        Conflict: somebody else has it in hand.
    """
    require_talk(room)
    block, user = _block(message, command.block_id), context.by.user
    if block["state"] != OPEN:
        raise Conflict("This is no longer to be had.", details={"reasons": _reasons(block["state"])})
    holder, until = (message.margin or NOTHING_NOTED).reserved.get(command.block_id, ("", 0))
    if holder != user and context.now_ms < until:
        raise Conflict("Somebody else is taking this right now.", details={"reasons": _reasons("reserved")})
    until = context.now_ms + HELD_MS
    note = BlockReserved(author=user, at=context.now_ms, **_of(message, command.block_id), until=until)
    return Decision(
        BlockAnswer(sender_id=sight_of(room, context.by.user).name(message.sender), block=block), notes=(note,)
    )


def settle(room: RoomState, message: Message, command: SettleBlock, context: Context) -> Decision:
    """What the block stands for is in another state. What is so already makes no note."""
    if message.deleted_at is not None:
        return Decision(Done())
    margin = message.margin or NOTHING_NOTED
    state = _block(message, command.block_id)["state"]
    unchanged = state == command.state and command.block_id not in margin.reserved
    if command.of and margin.refs.get(command.block_id) != command.of:
        return Decision(Done())
    if unchanged or (command.only_from and state not in command.only_from):
        return Decision(Done())
    note = _set(room, message, command.block_id, command.state, context.now_ms, ref=command.ref)
    return Decision(Done(), notes=(note,))


def settle_file(room: RoomState, message: Message, command: SettleFile, context: Context) -> Decision:
    """A file that it shows is in another state, in each block that stands for it."""
    if message.deleted_at is not None:
        return Decision(Done())
    shown = blocks_of(message.opened().rich, message.margin)
    turned = [one for one in shown if one.get("file_id") == command.file_id and one["state"] != command.state]
    notes = [_set(room, message, one["block_id"], command.state, context.now_ms) for one in turned]
    return Decision(Done(), notes=notes)


def _block(message: Message, block_id: str) -> dict[str, Any]:
    if message.deleted_at is not None:
        raise FailedPrecondition("This message was deleted.")
    found = [block for block in blocks_of(message.opened().rich, message.margin) if block["block_id"] == block_id]
    if not found:
        raise NotFound("There is no such block.")
    return found[0]


def _set(
    room: RoomState, message: Message, block_id: str, state: str, now_ms: int, *, author: str = "", ref: str = ""
) -> BlockSet:
    blind = blind_to(room, message.seq)
    return BlockSet(author=author, at=now_ms, **_of(message, block_id), state=state, ref=ref, unseen_by=blind)


def _of(message: Message, block_id: str) -> dict[str, Any]:
    return {"target": message.seq, "message_id": message.id, "block": block_id}


def _reasons(state: str) -> list[dict[str, str]]:
    return [{"code": state, "message": "Please choose something else."}]
