"""Reads of a room from storage: posted events from the journal, overlaid with the messages that changed since.

An answer holds no message posted above its version. It may show a message in a state that is newer: only the newest
is kept, every change carries the whole message, and its event follows, so a client ends in the same state.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import msgspec

from actors.kernel.contract.entity import Library, Recorded
from actors.rooms.messages import moments
from actors.rooms.messages.chat_message import Message, has_margin, posted
from actors.rooms.messages.queries import HistoryPage, RoomStanding
from actors.rooms.messages.threads import counted
from actors.rooms.messages.unread import UnreadStretch
from actors.rooms.messages.views import MARGINS, MESSAGES, margin_in, message_in, message_view_id
from actors.rooms.replies import JoinedRoom, MessagePage
from actors.rooms.room.commands import DEFAULT_PAGE, LARGEST_PAGE
from actors.rooms.room.events import Posted
from actors.rooms.room.outcome import room_id_of
from actors.rooms.room.sight import Sight
from store.ports.views import View, ViewQuery


class MessageViews(Protocol):
    """What holds the read models of messages, opened (`Library.view`)."""

    async def view(self, collection: str, ids: Sequence[str]) -> Mapping[str, View]: ...


@dataclass(frozen=True, slots=True)
class PageBounds:
    """The bounds of one read."""

    scan: int = 1000
    """Events or views a round trip."""
    most_scanned: int = 10_000
    """Events that a page may pass over, once it holds a message."""
    most_changed: int = 5_000
    """Changed messages told one by one; beyond, the whole history is offered."""


USUAL: Final = PageBounds()


async def page(
    query: HistoryPage, entity_id: str, version: int, library: Library, bounds: PageBounds = USUAL
) -> MessagePage:
    """Oldest first: the oldest above `after`, else the newest below `before`; from a time on; or around a message."""
    if query.around is not None:
        return await _around(
            query=query, seq=query.around, entity_id=entity_id, version=version, library=library, bounds=bounds
        )
    if query.at_ms is not None:
        begins = await moments.first_at(entity_id, query.at_ms, version, library)
        query = msgspec.structs.replace(query, after=begins - 1, at_ms=None)
    below = version + 1 if query.before is None else min(query.before, version + 1)
    sight = query.sight
    if query.after is not None:
        after = max(query.after, sight.above)
        found, more = await _posts_after(
            entity_id=entity_id, after=after, upto=below - 1, limit=query.limit, library=library, bounds=bounds
        )
    else:
        newest = [one for one in await library.before(entity_id, below, limit=query.limit + 1) if sight.sees(one.seq)]
        found, more = newest[: query.limit][::-1], len(newest) > query.limit
    return await _answer(
        entity_id=entity_id,
        messages=await as_of_now(entity_id, found, library),
        more=more,
        library=library,
        sight=sight,
        threads=query.threads,
    )


async def _around(
    query: HistoryPage, seq: int, entity_id: str, version: int, library: Library, bounds: PageBounds
) -> MessagePage:
    """Half before the message, the message, half after."""
    before, sight = query.limit // 2, query.sight
    older = [one for one in await library.before(entity_id, seq, limit=before + 1) if sight.sees(one.seq)]
    after = query.limit - 1 - min(before, len(older))
    newer, more = await _posts_after(
        entity_id=entity_id, after=seq - 1, upto=version, limit=after + 1, library=library, bounds=bounds
    )
    found = [*older[:before][::-1], *newer]
    messages = await as_of_now(entity_id, found, library)
    return await _answer(
        entity_id=entity_id,
        messages=messages,
        more=more or len(older) > before,
        library=library,
        sight=sight,
        threads=query.threads,
    )


async def standing(
    query: RoomStanding, entity_id: str, version: int, library: Library, bounds: PageBounds = USUAL
) -> JoinedRoom:
    """The answer to a join: the newest messages, or those posted or changed since."""
    if query.silent:
        return query.answer
    if query.since is None:
        newest = HistoryPage(before=None, after=None, limit=DEFAULT_PAGE, sight=query.sight, threads=query.threads)
        told = await page(query=newest, entity_id=entity_id, version=version, library=library, bounds=bounds)
    else:
        since = max(query.since, query.sight.above)
        told = await _since(
            query=query, since=since, entity_id=entity_id, version=version, library=library, bounds=bounds
        )
    return msgspec.structs.replace(query.answer, messages=told.messages, has_more=told.has_more)


async def messages_at(entity_id: str, seqs: Sequence[int], library: Library) -> dict[int, Message]:
    """The messages posted at these seqs, by now; where there is none, none."""
    recorded = [one for one in await library.at(entity_id, seqs) if type(one.event) is Posted]
    return {message.seq: message for message in await as_of_now(entity_id, recorded, library)}


async def tally(entity_id: str, stretch: UnreadStretch, library: Library, bounds: PageBounds = USUAL) -> int | None:
    """Live messages by others than `stretch.user` in the stretch; None when not all of it is stored."""
    count, seq = 0, stretch.above
    while seq < stretch.upto:
        events = await library.after(entity_id, seq, upto=stretch.upto, limit=bounds.scan)
        if not events:
            return None
        count += sum(type(event.event) is Posted and event.event.author != stretch.user for event in events)
        seq = events[-1].seq
    seq = stretch.above
    while True:
        gone = await library.views(
            ViewQuery(
                collection=MESSAGES,
                equal={"entity": entity_id, "deleted": True},
                order_by="seq",
                above=seq,
                below=stretch.upto + 1,
                limit=bounds.scan,
            )
        )
        messages = [message_in(view) for view in gone]
        count -= sum(message.sender != stretch.user for message in messages)
        if len(gone) < bounds.scan:
            return count
        seq = messages[-1].seq


async def _since(
    query: RoomStanding, since: int, entity_id: str, version: int, library: Library, bounds: PageBounds
) -> MessagePage:
    """Messages posted or changed after `since`, oldest first. What does not fit follows from `history`: whatever is
    left out was posted later than all that is told."""
    changed = await _changed(entity_id, since, library, bounds)
    if changed is None:
        whole = HistoryPage(before=None, after=0, limit=LARGEST_PAGE, sight=query.sight, threads=query.threads)
        return await page(query=whole, entity_id=entity_id, version=version, library=library, bounds=bounds)
    found, more = await _posts_after(
        entity_id=entity_id, after=since, upto=version, limit=LARGEST_PAGE, library=library, bounds=bounds
    )
    messages = [one for one in changed if query.sight.sees(one.seq)] + await as_of_now(entity_id, found, library)
    more = more or len(messages) > LARGEST_PAGE
    return await _answer(
        entity_id=entity_id,
        messages=messages[:LARGEST_PAGE],
        more=more,
        library=library,
        sight=query.sight,
        threads=query.threads,
    )


async def _changed(entity_id: str, since: int, library: Library, bounds: PageBounds) -> list[Message] | None:
    """Messages posted up to `since` and changed after it, oldest first; None when they are too many to tell."""
    changed: list[Message] = []
    version = since
    while len(changed) < bounds.most_changed:
        found = await library.views(
            ViewQuery(
                collection=MESSAGES,
                equal={"entity": entity_id},
                order_by="version",
                above=version,
                limit=bounds.scan,
            )
        )
        messages = [message_in(view) for view in found]
        changed += messages
        if len(found) < bounds.scan:
            return sorted((one for one in changed if one.seq <= since), key=lambda one: one.seq)
        version = messages[-1].version
    return None


async def _posts_after(
    entity_id: str, after: int, upto: int, limit: int, library: Library, bounds: PageBounds
) -> tuple[list[Recorded[Posted]], bool]:
    """The oldest `limit` posts above `after` and at most `upto`; are there more?"""
    found: list[Recorded[Posted]] = []
    seq, scan = after, limit + 1
    while seq < upto:
        events = await library.after(entity_id, seq, upto=upto, limit=scan)
        if not events:
            break
        found += [event for event in events if type(event.event) is Posted]
        seq, scan = events[-1].seq, bounds.scan
        if len(found) > limit or (found and seq - after > bounds.most_scanned):
            return found[:limit], len(found) > limit or seq < upto
    return found, False


async def as_of_now(entity_id: str, recorded: Sequence[Recorded[Posted]], library: Library) -> list[Message]:
    """The messages of these posts, with what happened to them since, and what was noted about them."""
    posts = [(message_view_id(entity_id, one.seq), posted(one.event, one.seq)) for one in recorded]
    return list((await as_they_are(posts, library)).values())


async def as_they_are(posts: Sequence[tuple[str, Message]], library: MessageViews) -> dict[str, Message]:
    """Messages of any rooms by now, as they were posted before, by the ids of their views (`views.message_view_id`), in
    their order."""
    if not posts:
        return {}
    changed = await library.view(MESSAGES, [view_id for view_id, _ in posts])
    messages = {view_id: message_in(changed[view_id]) if view_id in changed else one for view_id, one in posts}
    noted = [view_id for view_id, one in messages.items() if has_margin(one)]
    if noted:
        for view_id, view in (await library.view(MARGINS, noted)).items():
            messages[view_id] = msgspec.structs.replace(messages[view_id], margin=margin_in(view))
    return messages


async def _answer(
    entity_id: str, messages: Sequence[Message], more: bool, library: Library, sight: Sight, threads: bool = False
) -> MessagePage:
    room_id = room_id_of(entity_id)
    shown = [message.to_wire(room_id, sight) for message in messages]
    return MessagePage(messages=await counted(entity_id, shown, library) if threads else shown, has_more=more)
