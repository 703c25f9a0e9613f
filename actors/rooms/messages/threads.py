"""Threads, read from an index of replies, which holds places only."""

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import UNSET

from actors.kernel.contract.entity import Library
from actors.rooms.messages.views import REPLIES
from actors.rooms.messages.wire_message import WireMessage, WireThread
from common.clock import to_rfc3339
from common.numbered_ids import mark_of, seq_in
from store.ports.views import View, ViewQuery

_PAGE: Final = 1000
_MOST: Final = 10_000
"""Replies that one answer counts; of more, the counts are those of the oldest."""


async def replies_to(entity_id: str, root: int, library: Library, *, after: int, limit: int) -> list[int]:
    """Places of messages in the thread that began at `root`, above `after`, in order."""
    query = ViewQuery(
        collection=REPLIES, equal={"entity": entity_id, "root": root}, order_by="seq", above=after, limit=limit
    )
    return [int(view.fields["seq"] or 0) for view in await library.views(query)]


async def counted(entity_id: str, messages: Sequence[WireMessage], library: Library) -> list[WireMessage]:
    """These messages, with how many are in the thread that each began, or is in."""
    roots = {message.id: _root(message) for message in messages}
    if not roots:
        return []
    found = await _between(entity_id, min(roots.values()), max(roots.values()), library)
    threads: dict[int, list[View]] = {}
    for view in found:
        threads.setdefault(int(view.fields["root"] or 0), []).append(view)
    return [_with_count(message, threads.get(roots[message.id], [])) for message in messages]


async def _between(entity_id: str, first: int, last: int, library: Library) -> list[View]:
    found: list[View] = []
    root = first
    while len(found) < _MOST:
        query = ViewQuery(
            collection=REPLIES,
            equal={"entity": entity_id},
            order_by="root",
            above=root - 1,
            below=last + 1,
            limit=_PAGE,
        )
        page = await library.views(query)
        known = {view.id for view in found}
        fresh = [view for view in page if view.id not in known]
        found += fresh
        if len(page) < _PAGE or not fresh:
            break
        root = int(page[-1].fields["root"] or 0)
    return found


def _root(message: WireMessage) -> int:
    root = message.thread.root_id if isinstance(message.thread, WireThread) else message.id
    return seq_in(root, mark_of(message.room_id)) or message.seq


def _with_count(message: WireMessage, replies: Sequence[View]) -> WireMessage:
    thread = message.thread
    if thread is UNSET and not replies:
        return message
    root = thread.root_id if isinstance(thread, WireThread) else message.id
    last = max((int(view.fields["at"] or 0) for view in replies), default=0)
    shown = WireThread(root_id=root, replies=len(replies), last_reply_at=to_rfc3339(last) if last else None)
    return msgspec.structs.replace(message, thread=shown)
