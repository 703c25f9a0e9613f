"""A message as it was, copied for a case in the turn that finds it: whatever happens to it afterwards, the case has it.
Pure, but for reading what the copy needs."""

from collections.abc import Sequence
from typing import Final

import msgspec

from actors.kernel.contract.entity import Context, Decision, Library, Recorded
from actors.rooms.messages.chat_message import NOTHING, Message, content_of
from actors.rooms.room.events import AnyEvent, Edited, Posted
from actors.rooms.room.sight import sight_of
from actors.rooms.room.state import RoomState
from actors.rooms.safety.commands import Testify, TestimonyGiven
from actors.rooms.safety.events import Testified
from common.errors import InvalidArgument, NotFound
from common.numbered_ids import seq_in
from common.safety.evidence import Evidence, Neighbour, SaidBefore, pack

_PREFIX: Final = "testimony"
_MOST_VERSIONS: Final = 100


class _Committed(msgspec.Struct, frozen=True):
    commitment: str = ""


_committed: Final = msgspec.json.Decoder(_Committed).decode


class CopiedMessage(msgspec.Struct, frozen=True):
    """What a copy needs beside the message: all its versions, the first first, and messages beside it."""

    versions: tuple[SaidBefore, ...]
    beside: tuple[Neighbour, ...]


def key_of(seq: int, context: int, report: str) -> str:
    """The part that holds it: of one report alone, so that it is read anew for each."""
    return f"{_PREFIX}/{seq}/{context}/{report}"


def seq_of(key: str) -> int:
    """Of which message it is."""
    return int(key.split("/", 2)[1])


def is_key(key: str) -> bool:
    """Is it such a part?"""
    return key.startswith(_PREFIX)


async def read(entity_id: str, key: str, message: Message | None, library: Library) -> CopiedMessage:
    """See `Kind.fetch`."""
    _, seq, context, _ = key.split("/", 3)
    seqs = [int(seq), *(message.edits if message is not None else ())][:_MOST_VERSIONS]
    said = await library.at(entity_id, seqs)
    beside = await _beside(entity_id, int(seq), int(context), library) if int(context) else []
    return CopiedMessage(tuple(_version(one) for one in said if one.event.secret is not None), tuple(beside))


async def _beside(entity_id: str, seq: int, count: int, library: Library) -> list[Neighbour]:
    before = await library.before(entity_id, seq, limit=count)
    after = [one for one in await library.after(entity_id, seq, upto=seq + 4 * count, limit=4 * count) if _posted(one)]
    return [_neighbour(one) for one in (*before[::-1], *after[:count])]


def testify(room: RoomState, command: Testify, context: Context) -> Decision:
    """Copy it.

    Raises:
        NotFound: there is no such message for the caller.
        InvalidArgument: it is their own; or what is revealed is not what was sent.
    """
    seq = seq_in(command.message_id, room.mark)
    message = None if seq is None else context.parts.get(str(seq))
    sight = sight_of(room, context.by.user)
    if not isinstance(message, Message) or message.id != command.message_id or not sight.sees(message.seq):
        raise NotFound("There is no such message.", room=room.id)
    if message.sender == context.by.user:
        raise InvalidArgument("This message is your own.", details={"field": "message_id"})
    said = context.parts.get(key_of(message.seq, command.context, command.report))
    evidence = _evidence(
        room=room,
        message=message,
        said=said if isinstance(said, CopiedMessage) else CopiedMessage((), ()),
        command=command,
        context=context,
    )
    note = Testified(
        author=f"case:{command.case}",
        secret=pack(evidence),
        at=context.now_ms,
        case=command.case,
        report=command.report,
        by=context.by.user,
        reason=command.reason,
        subject=message.sender,
        target=message.seq,
    )
    return Decision(TestimonyGiven(sender=message.sender, seq=message.seq), notes=(note,))


def _evidence(room: RoomState, message: Message, said: CopiedMessage, command: Testify, context: Context) -> Evidence:
    content = message.opened()
    deleted = message.deleted_at is not None
    if deleted and said.versions:
        content = msgspec.structs.replace(NOTHING, body=said.versions[-1].body)
    older = said.versions[:-1]
    return Evidence(
        room=room.id,
        message_id=message.id,
        seq=message.seq,
        sender=message.sender,
        body=content.body,
        at=message.sent_at,
        captured=context.now_ms,
        attachments=content.attachments,
        deleted=deleted,
        versions=older,
        context=tuple(one for one in said.beside if sight_of(room, context.by.user).sees(one.seq)),
        note=command.note,
        plaintext=_plaintext(message, command),
    )


def _plaintext(message: Message, command: Testify) -> str:
    """What an encrypted message says, if it is what was sent."""
    committed = commitment_of(message)
    if not committed and command.revealed is None:
        return ""
    if command.revealed is None or command.revealed.commitment != committed:
        raise InvalidArgument(
            "What is revealed is not what was sent.", details={"field": "reveal", "reason": "commitment"}
        )
    return command.revealed.plaintext


def commitment_of(message: Message) -> str:
    """Of an encrypted message; "" where it is in clear."""
    rich = message.opened().rich
    return "" if rich is None or not rich.encrypted else _committed(rich.encrypted).commitment.rstrip("=")


def needs(room: RoomState, command: Testify) -> Sequence[str]:
    """The message, and what the copy needs beside it."""
    seq = seq_in(command.message_id, room.mark)
    if seq is None or seq > room.last_seq:
        return ()
    return (str(seq), key_of(seq, command.context, command.report))


def _posted(one: Recorded[AnyEvent]) -> bool:
    return isinstance(one.event, Posted) and one.event.secret is not None


def _version(one: Recorded[AnyEvent]) -> SaidBefore:
    event = one.event
    assert isinstance(event, Posted | Edited)
    return SaidBefore(content_of(event.secret).body, event.at)


def _neighbour(one: Recorded[AnyEvent]) -> Neighbour:
    event = one.event
    assert isinstance(event, Posted)
    return Neighbour(id=event.id, seq=one.seq, sender=event.author, body=content_of(event.secret).body, at=event.at)
