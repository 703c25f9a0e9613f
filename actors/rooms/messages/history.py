"""Reads of a room from storage: posted events from the journal, overlaid with the messages that changed since.

An answer holds no message posted above its version. It may show a message in a state that is newer: only the newest
is kept, every change carries the whole message, and its event follows, so a client ends in the same state.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from actors.kernel.contract.entity import Library, Recorded
from actors.rooms.messages.chat_message import Message, posted
from actors.rooms.messages.queries import Page, Standing
from actors.rooms.messages.unread import Stretch
from actors.rooms.messages.views import MESSAGES, message_in, message_view_id
from actors.rooms.replies import JoinedRoom, MessagePage
from actors.rooms.room.commands import DEFAULT_PAGE, LARGEST_PAGE
from actors.rooms.room.events import Posted
from actors.rooms.room.outcome import room_id_of
from store.ports.views import ViewQuery


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one read may cost."""

    scan: int = 1000
    """Events or views a round trip."""
    most_scanned: int = 10_000
    """Events that a page may pass over, once it holds a message."""
    most_changed: int = 5_000
    """Changed messages told one by one; beyond, the whole history is offered."""


USUAL: Final = Bounds()


async def page(query: Page, entity_id: str, version: int, library: Library, bounds: Bounds = USUAL) -> MessagePage:
    """Oldest first: the oldest above `after`, else the newest below `before`."""
    below = version + 1 if query.before is None else min(query.before, version + 1)
    if query.after is not None:
        found, more = await _posts_after(entity_id, query.after, below - 1, query.limit, library, bounds)
    else:
        newest = await library.before(entity_id, below, limit=query.limit + 1)
        found, more = newest[: query.limit][::-1], len(newest) > query.limit
    return _answer(entity_id, await _as_of_now(entity_id, found, library), more)


async def standing(
    query: Standing, entity_id: str, version: int, library: Library, bounds: Bounds = USUAL
) -> JoinedRoom:
    """The answer to a join: the newest messages, or those posted or changed since."""
    if query.silent:
        return query.answer
    if query.since is None:
        told = await page(Page(None, None, DEFAULT_PAGE), entity_id, version, library, bounds)
    else:
        told = await _since(entity_id, query.since, version, library, bounds)
    return msgspec.structs.replace(query.answer, messages=told.messages, has_more=told.has_more)


async def messages_at(entity_id: str, seqs: Sequence[int], library: Library) -> dict[int, Message]:
    """The messages posted at these seqs, by now; where there is none, none."""
    recorded = [one for one in await library.at(entity_id, seqs) if type(one.event) is Posted]
    return {message.seq: message for message in await _as_of_now(entity_id, recorded, library)}


async def tally(entity_id: str, stretch: Stretch, library: Library, bounds: Bounds = USUAL) -> int | None:
    """Live messages by others than `stretch.user` in the stretch; None when not all of it is stored."""
    count, seq = 0, stretch.above
    while seq < stretch.upto:
        events = await library.after(entity_id, seq, upto=stretch.upto, limit=bounds.scan)
        if not events:
            return None
        count += sum(type(one.event) is Posted and one.event.author != stretch.user for one in events)
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


async def _since(entity_id: str, since: int, version: int, library: Library, bounds: Bounds) -> MessagePage:
    """Messages posted or changed after `since`, oldest first. What does not fit follows from `history`: whatever is
    left out was posted later than all that is told."""
    changed = await _changed(entity_id, since, library, bounds)
    if changed is None:
        return await page(Page(None, 0, LARGEST_PAGE), entity_id, version, library, bounds)
    found, more = await _posts_after(entity_id, since, version, LARGEST_PAGE, library, bounds)
    messages = changed + await _as_of_now(entity_id, found, library)
    return _answer(entity_id, messages[:LARGEST_PAGE], more or len(messages) > LARGEST_PAGE)


async def _changed(entity_id: str, since: int, library: Library, bounds: Bounds) -> list[Message] | None:
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
    entity_id: str, after: int, upto: int, limit: int, library: Library, bounds: Bounds
) -> tuple[list[Recorded[Posted]], bool]:
    """The oldest `limit` posts above `after` and at most `upto`; are there more?"""
    found: list[Recorded[Posted]] = []
    seq, scan = after, limit + 1
    while seq < upto:
        events = await library.after(entity_id, seq, upto=upto, limit=scan)
        if not events:
            break
        found += [one for one in events if type(one.event) is Posted]
        seq, scan = events[-1].seq, bounds.scan
        if len(found) > limit or (found and seq - after > bounds.most_scanned):
            return found[:limit], len(found) > limit or seq < upto
    return found, False


async def _as_of_now(entity_id: str, recorded: Sequence[Recorded[Posted]], library: Library) -> list[Message]:
    """The messages of these posts, with what happened to them since."""
    if not recorded:
        return []
    ids = [message_view_id(entity_id, one.seq) for one in recorded]
    changed = await library.view(MESSAGES, ids)
    return [
        message_in(changed[view_id]) if view_id in changed else posted(one.event, one.seq)
        for view_id, one in zip(ids, recorded, strict=True)
    ]


def _answer(entity_id: str, messages: Sequence[Message], more: bool) -> MessagePage:
    room_id = room_id_of(entity_id)
    return MessagePage(messages=[message.to_wire(room_id) for message in messages], has_more=more)
