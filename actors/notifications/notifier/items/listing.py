"""Reads of a notifier: pages of notifications from their read model, with the marks of the moment."""

from typing import Final

from msgspec import UNSET

from actors.kernel.contract.entity import Library, Query
from actors.notifications.notifier.answers import (
    NotificationAnswer,
    NotificationPage,
    PulledNotifications,
    TellOutcome,
    WireNotification,
    wire,
)
from actors.notifications.notifier.items.folding import NOTIFICATIONS, item_in, view_id
from actors.notifications.notifier.items.item import Item
from actors.notifications.notifier.snapshot import CategoryMarks, NotifierSnapshot
from actors.notifications.notifier.state import NotifierState
from store.ports.views import Scalar, ViewQuery

SCAN: Final = 200
"""Notifications a round trip, where not all that are read are told."""
MOST_SCANNED: Final = 4000
"""Notifications that one page passes over."""


class PageQuery(Query, frozen=True, kw_only=True):
    """A page, newest first. `marks` is a copy of the state that says what is read and seen."""

    marks: NotifierState
    unread: bool | None
    category: str
    name: str
    archived: bool
    below: int
    limit: int


class PullQuery(Query, frozen=True, kw_only=True):
    """Those above `after`, oldest first."""

    marks: NotifierState
    after: int
    limit: int


class OneQuery(Query, frozen=True, kw_only=True):
    """One notification, as it stands behind the decision that leaves this. Replies are stored in the clear with their
    turn, so none that follows from a deed holds words: they are read when it is stored. `told`: as the answer of a
    `Tell`, which is a `duplicate` where it was there."""

    user: str
    number: int
    seen_ms: int | None
    read_ms: int | None
    told: bool = False
    duplicate: bool = False


def marks_of(state: NotifierState) -> NotifierState:
    """A copy of what says whether a notification is read and seen."""
    kept = state.kept
    categories = {
        name: CategoryMarks(one.total, one.read.copy(), list(one.marks)) for name, one in kept.categories.items()
    }
    seen, seen_marks = kept.seen.copy(), list(kept.seen_marks)
    remembered = NotifierSnapshot(
        last=kept.last, floor=kept.floor, categories=categories, seen=seen, seen_marks=seen_marks
    )
    return NotifierState(state.id, remembered)


async def page(query: PageQuery, library: Library) -> NotificationPage:
    """Newest first."""
    state = query.marks
    equal: dict[str, Scalar] = {"user": state.id, "archived": "yes" if query.archived else "no"}
    if query.category:
        equal["category"] = query.category
    if query.name:
        equal["type"] = query.name
    found: list[WireNotification] = []
    below, scanned, more = query.below or state.kept.last + 1, 0, True
    while more and len(found) < query.limit and scanned < MOST_SCANNED:
        items = await _read(library, equal, below, state.kept.floor, descending=True)
        more, scanned = len(items) == SCAN, scanned + SCAN
        for item in items:
            if len(found) == query.limit:
                more = True
                break
            below = item.number
            if not item.later_ms and (query.unread is None or _is_unread(state, item) == query.unread):
                found.append(_wired(state, item))
    unread = sum(state.unread().values())
    return NotificationPage(notifications=found, unread=unread, next_cursor=f"n{below}" if more else UNSET)


async def one(query: OneQuery, library: Library) -> NotificationAnswer | TellOutcome:
    """The notification."""
    view_id_ = view_id(query.user, query.number)
    view = (await library.view(NOTIFICATIONS, [view_id_])).get(view_id_)
    item = None if view is None else item_in(view)
    if item is None:
        return TellOutcome(duplicate=query.duplicate)
    shown = wire(item, seen_ms=query.seen_ms, read_ms=query.read_ms)
    return TellOutcome(notification=shown, duplicate=query.duplicate) if query.told else NotificationAnswer(shown)


async def pulled(query: PullQuery, library: Library) -> PulledNotifications:
    """Oldest first, the newest `limit` of them where there are more: what is older is for the list."""
    state = query.marks
    after = max(query.after, state.kept.floor)
    items: list[Item] = []
    if after < state.kept.last:
        equal: dict[str, Scalar] = {"user": state.id, "archived": "no"}
        items = await _read(library, equal, state.kept.last + 1, after, descending=True, limit=query.limit)
    told = [_wired(state, item) for item in reversed(items) if not item.later_ms]
    return PulledNotifications(notifications=told, next=state.kept.last)


async def _read(
    library: Library, equal: dict[str, Scalar], below: int, above: int, *, descending: bool, limit: int = SCAN
) -> list[Item]:
    views = await library.views(
        ViewQuery(
            collection=NOTIFICATIONS,
            equal=equal,
            order_by="number",
            above=above,
            below=below,
            descending=descending,
            limit=limit,
        )
    )
    return [item for view in views if (item := item_in(view)) is not None]


def _is_unread(state: NotifierState, item: Item) -> bool:
    return not state.is_read(item.category, item.place)


def _wired(state: NotifierState, item: Item) -> WireNotification:
    return wire(item, seen_ms=state.seen_at(item), read_ms=state.read_at(item))
