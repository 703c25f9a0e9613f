"""Messages. In the index they go by their room and seq: every change of one names both."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Final, Protocol

import msgspec

from actors.kernel.contract.entity import Event, Library, Recorded
from actors.rooms.files.naming import files_in
from actors.rooms.messages.chat_message import Content, Message, content_of, posted
from actors.rooms.messages.history import MessageViews, as_they_are
from actors.rooms.messages.views import MESSAGES, message_in, message_view_id
from actors.rooms.room.events import AnyEvent, Deleted, Edited, Posted
from actors.rooms.room.outcome import room_id_of
from actors.rooms.room.sight import Sight, alias_of
from actors.rooms.service import entity_of
from serve_app.capabilities.search.port import Among, Delete, Key
from serve_app.capabilities.search.process.questions import HitCandidate
from serve_app.capabilities.search.sources.entry import Entry, Fed, Opened, Reader, Scope, Values
from serve_app.capabilities.search.sources.permits import RoomPermits
from serve_app.follower.consumer import Turned
from store.ports.views import View, Views

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


class PostLibrary(MessageViews, Protocol):
    """What is stored of rooms, opened (`StoredLibrary`)."""

    async def across(self, places: Collection[tuple[str, int]]) -> Sequence[tuple[str, Recorded[Event]]]: ...


class MessageSource:
    """What somebody may read, room by room: the rooms say what they see. Texts of all rooms are read at once."""

    types: tuple[str, ...] = (TYPE,)

    def __init__(
        self, permits: RoomPermits, library: PostLibrary, views: Views, in_doubt: Callable[[], Awaitable[bool]]
    ) -> None:
        """`in_doubt`: may the index hold words of somebody who was erased?"""
        self._permits, self._library, self._views, self._in_doubt = permits, library, views, in_doubt

    async def scope(self, reader: Reader) -> Scope:
        """See `Source.scope`."""
        rooms = await reader.rooms()
        return [(Among("room", rooms),)] if rooms else []

    async def stand(self, candidates: Sequence[HitCandidate], reader: Reader) -> Mapping[str, bool]:
        """See `CountableSource.stand`."""
        places = {one.id: _place(one.id) for one in candidates}
        ids = [message_view_id(entity_of(room), seq) for room, seq in places.values()]
        sights, changed, in_doubt = await asyncio.gather(
            self._permits.of({room for room, _ in places.values()}, reader),
            self._views.get(MESSAGES, ids),
            self._in_doubt(),
        )
        found: dict[str, bool] = {}
        for candidate, view_id in zip(candidates, ids, strict=True):
            room, seq = places[candidate.id]
            if room not in sights or not sights[room].sees(seq):
                continue
            said = _said_at(seq, changed.get(view_id))
            if said is not None:
                found[candidate.id] = said == candidate.version and not in_doubt
        return found

    def known_of(self, candidate: HitCandidate) -> Values:
        """See `CountableSource.known_of`."""
        return {"room_id": [_place(candidate.id)[0]]}

    async def open(self, ids: Sequence[str], reader: Reader) -> Mapping[str, Opened]:
        """See `Source.open`."""
        places = [_place(id_) for id_ in ids]
        sights = await self._permits.of({room for room, _ in places}, reader)
        seen = {(entity_of(room), seq) for room, seq in places if room in sights and sights[room].sees(seq)}
        found = await self._library.across(seen) if seen else []
        posts = [
            (message_view_id(entity, one.seq), posted(one.event, one.seq))
            for entity, one in found
            if isinstance(one.event, Posted)
        ]
        messages = await as_they_are(posts, self._library)
        rooms = {message_view_id(entity_of(room), seq): room for room, seq in places}
        return {
            f"{rooms[view_id]}#{one.seq}": _opened(one, rooms[view_id], sights[rooms[view_id]])
            for view_id, one in messages.items()
            if one.deleted_at is None
        }


def _place(id_: str) -> tuple[str, int]:
    """Room and seq, of what a message goes by in the index."""
    room_id, _, seq = id_.rpartition("#")
    return room_id, int(seq)


def _said_at(seq: int, changed: View | None) -> int | None:
    """The seq at which a message came to say what it says; None: it is gone. `changed`: it, if it changed at all."""
    if changed is None:
        return seq
    message = message_in(changed)
    if message.deleted_at is not None:
        return None
    return message.edits[-1] if message.edits else seq


def _opened(message: Message, room_id: str, sight: Sight) -> Opened:
    shown, content = message.to_wire(room_id, sight), message.opened()
    return Opened(
        type=TYPE,
        id=shown.id,
        title="",
        text=words_of(content),
        quoted=True,
        at=message.sent_at,
        room_id=room_id,
        seq=shown.seq,
        message=shown,
        user_id=shown.sender_id,
        link=f"/rooms/{room_id}?message={shown.id}",
        values={
            "room_id": [room_id],
            "sender_id": [shown.sender_id],
            "has": _has(content, mentions=bool(shown.mentions or shown.mention_all)),
        },
    )
