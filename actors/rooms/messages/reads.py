"""Reads of single messages: what is pinned, a thread, what a message said before it was changed."""

from collections.abc import Sequence

from actors.kernel.contract.entity import Library
from actors.rooms.messages.chat_message import content_of
from actors.rooms.messages.history import messages_at
from actors.rooms.messages.queries import PinnedAt, ThreadOf, VersionsOf
from actors.rooms.messages.threads import counted, replies_to
from actors.rooms.messages.wire_message import WireMessage
from actors.rooms.replies import MessageList, MessageVersion, MessageVersions, ThreadPage
from actors.rooms.room.outcome import room_id_of
from actors.rooms.room.sight import Sight
from common.clock import to_rfc3339
from common.errors import NotFound


async def answer(query: PinnedAt | ThreadOf | VersionsOf, entity_id: str, library: Library) -> object:
    """The answer to one of these."""
    match query:
        case PinnedAt():
            return MessageList(messages=await _shown(entity_id, query.seqs, query.sight, library))
        case ThreadOf():
            return await _thread(query, entity_id, library)
    return await _versions(query, entity_id, library)


async def _thread(query: ThreadOf, entity_id: str, library: Library) -> ThreadPage:
    places = await replies_to(entity_id, query.root, library, after=query.after, limit=query.limit + 1)
    more = len(places) > query.limit
    shown = await _shown(entity_id, [query.root, *places[: query.limit]], query.sight, library)
    if not shown or shown[0].seq != query.root:
        raise NotFound("There is no such message.")
    [root, *replies] = await counted(entity_id, shown, library)
    return ThreadPage(root=root, replies=replies, has_more=more)


async def _versions(query: VersionsOf, entity_id: str, library: Library) -> MessageVersions:
    found = await library.at(entity_id, query.seqs)
    versions = [
        MessageVersion(body=content_of(one.event.secret).body, at=to_rfc3339(one.event.at))
        for one in sorted(found, key=lambda one: one.seq)
    ]
    return MessageVersions(versions=versions)


async def _shown(entity_id: str, seqs: Sequence[int], sight: Sight, library: Library) -> list[WireMessage]:
    """Those that there are and may be seen, in the order in which they are named."""
    seqs = [seq for seq in dict.fromkeys(seqs) if sight.sees(seq)]
    found = await messages_at(entity_id, list(seqs), library) if seqs else {}
    room_id = room_id_of(entity_id)
    return [found[seq].to_wire(room_id, sight) for seq in seqs if seq in found]
