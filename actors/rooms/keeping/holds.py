"""Under a hold, what is taken back or changed leaves a copy: written in the turn that takes it back. Whether one lies
over a message is looked up for each such command anew, so that none that was placed is missed. Pure, but for the
looking."""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from actors.kernel.contract.entity import Context, Library, Recorded
from actors.rooms.keeping.events import ContentKept
from actors.rooms.messages.chat_message import Message, content_of
from actors.rooms.messages.history import messages_at
from actors.rooms.room.events import AnyEvent, Edited, Posted
from actors.rooms.room.state import RoomState
from common.safety.evidence import Evidence, SaidBefore, pack
from store.ports.holds import any_hold, over, owner_of
from store.ports.views import ViewQuery

_PREFIX: Final = "keep/"


class MessageHolds(msgspec.Struct, frozen=True):
    """The holds over a message: their ids; and, under one, all that it ever said, the first first."""

    holds: tuple[str, ...] = ()
    versions: tuple[SaidBefore, ...] = ()


FREE: Final = MessageHolds()


def key_of(seq: int) -> str:
    """The part that says it, for one command."""
    return f"{_PREFIX}{seq}"


def is_key(key: str) -> bool:
    """Is it such a part?"""
    return key.startswith(_PREFIX)


def with_holds(keys: Sequence[str]) -> Sequence[str]:
    """The keys of messages, and of what lies over them."""
    return (*keys, *(f"{_PREFIX}{key}" for key in keys))


def copies(room: RoomState, message: Message, context: Context) -> Sequence[ContentKept]:
    """The notes that keep the message as it is now, one for each hold."""
    standing = context.parts.get(key_of(message.seq))
    if not isinstance(standing, MessageHolds) or message.deleted_at is not None:
        return ()
    return [
        _copy(room=room, message=message, hold=hold, standing=standing, now_ms=context.now_ms)
        for hold in standing.holds
    ]


async def read(entity_id: str, keys: Sequence[str], library: Library) -> dict[str, object]:
    """See `Kind.fetch`. Where there is no hold at all, that is one look."""
    if not await library.views(any_hold()):
        return dict.fromkeys(keys, FREE)
    of_room = await _holds(over(rooms=[entity_id.partition(":")[2]]), library)
    messages = await messages_at(entity_id, [_seq_of(key) for key in keys], library)
    of_senders = {
        sender: await _holds(over(users=[sender]), library) for sender in {one.sender for one in messages.values()}
    }
    found: dict[str, object] = {}
    for key in keys:
        message = messages.get(_seq_of(key))
        holds = () if message is None else tuple(dict.fromkeys((*of_room, *of_senders[message.sender])))
        found[key] = FREE if message is None or not holds else await _standing(entity_id, message, holds, library)
    return found


async def _standing(entity_id: str, message: Message, holds: tuple[str, ...], library: Library) -> MessageHolds:
    said = await library.at(entity_id, [message.seq, *message.edits])
    return MessageHolds(holds, tuple(_version(one) for one in said if one.event.secret is not None))


async def _holds(queries: Iterable[ViewQuery], library: Library) -> list[str]:
    return [str(view.fields["hold"]) for query in queries for view in await library.views(query)]


def _seq_of(key: str) -> int:
    return int(key.removeprefix(_PREFIX))


def _copy(room: RoomState, message: Message, hold: str, standing: MessageHolds, now_ms: int) -> ContentKept:
    content = message.opened()
    evidence = Evidence(
        room=room.id,
        message_id=message.id,
        seq=message.seq,
        sender=message.sender,
        body=content.body,
        at=message.sent_at,
        captured=now_ms,
        attachments=content.attachments,
        versions=standing.versions[:-1],
        content=message.content or b"",
    )
    secret = pack(evidence)
    return ContentKept(
        author=owner_of(hold), secret=secret, at=now_ms, hold=hold, target=message.seq, version=message.version
    )


def _version(recorded: Recorded[AnyEvent]) -> SaidBefore:
    event = recorded.event
    assert isinstance(event, Posted | Edited)
    return SaidBefore(content_of(event.secret).body, event.at)
