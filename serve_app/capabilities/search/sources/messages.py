"""Messages. In the index they go by their room and seq: every change of one names both."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from actors.kernel.contract.entity import Library, Recorded
from actors.kernel.contract.ports import EntityClient
from actors.rooms.conversation.commands import ReadAt
from actors.rooms.files.naming import files_in
from actors.rooms.messages.chat_message import Content, content_of
from actors.rooms.messages.wire_message import WireMessage
from actors.rooms.room.events import AnyEvent, Deleted, Edited, Posted
from actors.rooms.room.outcome import room_id_of
from actors.rooms.room.sight import alias_of
from common.errors import NotFound, PermissionDenied
from common.timeline import parse_instant
from serve_app.capabilities.search.port import Among, Delete, Key
from serve_app.capabilities.search.sources.entry import Entry, Fed, Opened, Reader, Scope, Values
from serve_app.follower.consumer import Turned

TYPE: Final = "messages"
_alts: Final = msgspec.json.Decoder(list[dict[str, msgspec.Raw]]).decode
_text: Final = msgspec.json.Decoder(str).decode


def key_at(room_id: str, seq: int) -> Key:
    """Of the message that was posted there."""
    return Key(TYPE, f"{room_id}#{seq}")


def room_of(key: Key) -> str:
    """In which a message was posted."""
    return key.id.rpartition("#")[0]


class MessageFeeder:
    """What is said in rooms. Those that the server cannot read say nothing."""

    kinds = frozenset({"room"})

    def __init__(self, library: Library) -> None:
        """`library`: of rooms."""
        self._library = library

    async def read(self, turned: Turned) -> Sequence[Fed]:
        """See `Feeder.read`."""
        found = [await self._of(turned.entity, recorded) for recorded in turned.recorded]
        return [one for one in found if one is not None]

    async def _of(self, entity: str, recorded: Recorded[AnyEvent]) -> Fed | None:
        event, room_id = recorded.event, room_id_of(entity)
        match event:
            case Posted():
                return _entry(
                    room_id=room_id, seq=recorded.seq, version=recorded.seq, posted=event, secret=event.secret
                )
            case Edited():
                posted = await self._library.at(entity, [event.target])
                if not posted or type(posted[0].event) is not Posted:
                    return None
                return _entry(
                    room_id=room_id, seq=event.target, version=recorded.seq, posted=posted[0].event, secret=event.secret
                )
            case Deleted():
                return Delete(key_at(room_id, event.target), recorded.seq)
        return None


def _entry(room_id: str, seq: int, version: int, posted: Posted, secret: bytes | None) -> Fed | None:
    """None: nobody can search it. Whose words are gone is gone."""
    if posted.kind == "encrypted":
        return None
    key = key_at(room_id, seq)
    if secret is None:
        return Delete(key, version)
    content, more = content_of(secret), posted.more
    senders = [posted.author, alias_of(posted.veil, posted.author)] if posted.veil else [posted.author]
    mentions = more is not None and (bool(more.mentions) or more.mention_all)
    filters: Values = {"room": [room_id], "sender": senders, "has": _has(content, mentions=mentions)}
    return Entry(key, version, posted.at, text=words_of(content), filters=filters)


def words_of(content: Content) -> str:
    """All that can be searched of a message: its body, and the words for pictures."""
    if not content.attachments:
        return content.body
    alts = [_text(one["alt"]) for one in _alts(content.attachments) if bytes(one.get("alt", b""))[:1] == b'"']
    return "\n".join([content.body, *alts])


def _has(content: Content, *, mentions: bool) -> list[str]:
    rich = content.rich
    blocks = b"" if rich is None else rich.blocks
    found = ["file"] if files_in(content.attachments, blocks) else []
    found += ["link"] if rich is not None and rich.links else []
    found += ["image"] if b'"alt"' in content.attachments or b'"type":"image"' in blocks else []
    return [*found, "mention"] if mentions else found


class MessageSource:
    """What somebody may read, room by room: the room itself says what they see."""

    types: tuple[str, ...] = (TYPE,)

    def __init__(self, entities: EntityClient) -> None:
        self._entities = entities

    async def scope(self, reader: Reader) -> Scope:
        """See `Source.scope`."""
        rooms = await reader.rooms()
        return [(Among("room", rooms),)] if rooms else []

    async def open(self, ids: Sequence[str], reader: Reader) -> Mapping[str, Opened]:
        """See `Source.open`."""
        places: dict[str, list[int]] = defaultdict(list)
        for id_ in ids:
            room_id, _, seq = id_.rpartition("#")
            places[room_id].append(int(seq))
        pages = await asyncio.gather(*(self._read(room, seqs, reader) for room, seqs in places.items()))
        return {f"{one.room_id}#{one.seq}": _opened(one) for page in pages for one in page if one.deleted_at is None}

    async def _read(self, room_id: str, seqs: Sequence[int], reader: Reader) -> Sequence[WireMessage]:
        command = ReadAt(tuple(seqs), searching=True)
        try:
            page = await self._entities.ask(f"room:{room_id}", command, by=reader.by, trace=reader.trace)
        except (NotFound, PermissionDenied):
            return ()
        return page.messages


def _opened(one: WireMessage) -> Opened:
    attachments = bytes(one.attachments)
    content = Content(body=one.body, attachments=attachments if attachments != b"[]" else b"")
    has = list(_has(content, mentions=bool(one.mentions or one.mention_all)))
    if one.links and "link" not in has:
        has.append("link")
    return Opened(
        type=TYPE,
        id=one.id,
        title="",
        text=words_of(content),
        quoted=True,
        at=parse_instant(one.sent_at),
        room_id=one.room_id,
        seq=one.seq,
        message=one,
        user_id=one.sender_id,
        link=f"/rooms/{one.room_id}?message={one.id}",
        values={"room_id": [one.room_id], "sender_id": [one.sender_id], "has": has},
    )
