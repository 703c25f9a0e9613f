"""Decisions of the person about what they were told: read, unread, archived, put off; and that it was seen. Pure."""

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from actors.kernel.contract.entity import Context, Decision, Event, SetTimer
from actors.notifications.notifier.answers import ReadSome, ReadUpTo
from actors.notifications.notifier.commands import Acknowledge, Mark, ReadAll, ReadSeveral, ReleasePostponed
from actors.notifications.notifier.device_answers import ReceiptsTaken
from actors.notifications.notifier.device_commands import Receipt, RecordReceipts
from actors.notifications.notifier.events import AllRead, DeliveriesChanged, Marked, SeenOnScreen
from actors.notifications.notifier.items.item import DeliveryAttempt, DeliveryState, Item
from actors.notifications.notifier.items.listing import OneQuery
from actors.notifications.notifier.rules.counting import after, counted
from actors.notifications.notifier.rules.facts import number_in
from actors.notifications.notifier.rules.taking_back import taken_back
from actors.notifications.notifier.state import NotifierState
from actors.notifications.types import CATEGORIES
from common.errors import FailedPrecondition, InvalidArgument, NotFound
from common.timeline import DAY_MS

MOST_SNOOZED_MS: Final = 366 * DAY_MS
TOLD_ONE_BY_ONE: Final = 20
"""Acknowledged notifications whose new state each is told to the other sockets."""
_How = Literal["read", "unread", "archived", "snoozed"]
_RANK: Final[dict[DeliveryState, int]] = {"accepted": 1, "displayed": 2, "opened": 3}
_pack: Final = msgspec.msgpack.Encoder().encode


def found(state: NotifierState, number: int | None, context: Context) -> Item:
    """The notification of this number, as the caller may see it. Raises NotFound: there is none (any more)."""
    item: Item | None = context.parts.get(str(number)) if number is not None else None
    if item is None or item.number <= state.kept.floor or item.replaced_by:
        raise NotFound("There is no such notification.")
    return item


def mark(state: NotifierState, command: Mark, number: int | None, context: Context) -> Decision:
    """Read, unread, archive or snooze one; doing it again changes nothing.

    Raises:
        NotFound: there is none.
        FailedPrecondition: it was made for later, and has not been told yet.
        InvalidArgument: the moment to come back is not ahead, or too far.
    """
    item, now_ms = found(state, number, context), context.now_ms
    if item.untold:
        raise FailedPrecondition("It has not been told yet.")
    if command.how == "snoozed" and not now_ms < command.until_ms <= now_ms + MOST_SNOOZED_MS:
        raise InvalidArgument("until lies ahead, within a year.", details={"field": "until"})
    note = _marked(state=state, item=item, how=command.how, now_ms=now_ms, until_ms=command.until_ms)
    if note is None:
        return Decision(_answer(state, item))
    notes: list[Event] = [note]
    if command.how != "unread":
        notes += taken_back(state, [item.number], now_ms)
    timers = []
    if command.how == "snoozed":
        timers = [
            SetTimer(f"release|{item.number}", command.until_ms, _pack(ReleasePostponed(item.number, command.until_ms)))
        ]
    answer = OneQuery(user=state.id, number=item.number, seen_ms=note.seen_ms or None, read_ms=note.read_ms or None)
    return counted(state, Decision(answer, notes=notes, timers=timers), now_ms)


def read_several(
    state: NotifierState, command: ReadSeveral, numbers: Sequence[int | None], context: Context
) -> Decision:
    """Read these; what there is not, or was read, is left out."""
    items = [context.parts.get(str(number)) for number in dict.fromkeys(numbers) if number is not None]
    notes: list[Event] = [
        note
        for item in items
        if item is not None
        and not item.replaced_by
        and not item.untold
        and (note := _marked(state, item, "read", context.now_ms)) is not None
    ]
    changed = len(notes)
    notes += taken_back(state, [note.number for note in notes if isinstance(note, Marked)], context.now_ms)
    unread = sum(after(state, notes).unread().values())
    decision = Decision(ReadSome(changed=changed, unread=unread), notes=notes)
    return counted(state, decision, context.now_ms) if changed else decision


def needed_to_read_all(state: NotifierState, command: ReadAll) -> list[int]:
    """The numbers of the notifications that say up to where, and of which category those are that devices show."""
    up_to = command.up_to
    last = [up_to] if up_to is not None and 0 < up_to < state.kept.last else []
    return last + (list(state.kept.shown) if command.category else [])


def read_all(state: NotifierState, command: ReadAll, context: Context) -> Decision:
    """Read all up to a number. Costs the same however many there are.

    Raises:
        InvalidArgument: there is no such category.
        NotFound: the number is none of the person's.
    """
    kept, category = state.kept, command.category
    if category and category not in CATEGORIES:
        raise InvalidArgument("There is no such category.", details={"field": "category"})
    up_to = kept.last if command.up_to is None else min(command.up_to, kept.last)
    places = {name: marks.total for name, marks in kept.categories.items()}
    if up_to < kept.last:
        item: Item | None = context.parts.get(str(up_to))
        if item is None and up_to > kept.floor:
            raise NotFound("There is no notification of this number.")
        places = item.totals if item is not None else {}
    if category:
        places = {name: place for name, place in places.items() if name == category}
    note = AllRead(number=up_to, places=places, at_ms=context.now_ms, category=category)
    then = after(state, [note]).unread()
    unread = then.get(category, 0) if category else sum(then.values())
    answer = ReadUpTo(up_to=up_to, unread=unread)
    if then == state.unread():
        return Decision(answer)
    notes: list[Event] = [msgspec.structs.replace(note, unread=unread)]
    shown = [number for number in kept.shown if number <= up_to and _is_of(context, number, category)]
    notes += taken_back(state, shown, context.now_ms)
    return counted(state, Decision(answer, notes=notes), context.now_ms)


def needed_to_acknowledge(state: NotifierState, command: Acknowledge) -> list[int]:
    """The numbers of those of which the person's other sockets hear."""
    return list(_fresh(state, command)[-TOLD_ONE_BY_ONE:])


def acknowledge(state: NotifierState, command: Acknowledge, context: Context) -> Decision:
    """A device has these on its screen: what waits to see whether anybody does, need not be sent."""
    fresh = _fresh(state, command)
    if not fresh:
        return Decision({})
    items = [context.parts.get(str(number)) for number in needed_to_acknowledge(state, command)]
    ids = tuple(one.id for one in items if one is not None and not one.replaced_by and state.seen_at(one) is None)
    notes: list[Event] = [SeenOnScreen(numbers=fresh, at_ms=context.now_ms, ids=ids)]
    notes += taken_back(state, fresh, context.now_ms)
    return Decision({}, notes=notes)


def _fresh(state: NotifierState, command: Acknowledge) -> tuple[int, ...]:
    """Those of which nobody has said so before."""
    kept = state.kept
    return tuple(number for number in command.numbers if number <= kept.last and number not in kept.seen)


def receipts(state: NotifierState, command: RecordReceipts, context: Context) -> Decision:
    """What devices tell of deliveries: that they were shown, opened, acted upon. What is not known is left out."""
    notes: list[Event] = []
    recorded = 0
    read: set[int] = set()
    for receipt in command.receipts:
        number = number_in(state, receipt.delivery_id)
        item: Item | None = context.parts.get(str(number))
        known = None if item is None else next((d for d in item.deliveries if d.id == receipt.delivery_id), None)
        if item is None or known is None:
            continue
        recorded += 1
        if (then := _received(known, receipt, context.now_ms)) is not None:
            notes.append(DeliveriesChanged(number=item.number, channel="push", deliveries=(then,)))
        if receipt.event in ("opened", "action") and item.number not in read:
            read.add(item.number)
            if (note := _marked(state, item, "read", context.now_ms)) is not None:
                notes += [note, *taken_back(state, [item.number], context.now_ms)]
    decision = Decision(ReceiptsTaken(recorded), notes=notes)
    return counted(state, decision, context.now_ms) if read else decision


def _is_of(context: Context, number: int, category: str) -> bool:
    """Is the notification of this category? Of "": each is."""
    item: Item | None = context.parts.get(str(number)) if category else None
    return not category or (item is not None and item.category == category)


def _marked(state: NotifierState, item: Item, how: _How, now_ms: int, until_ms: int = 0) -> Marked | None:
    """The note; None: it is so already."""
    was_read = state.is_read(item.category, item.place) and not item.later_ms
    if (how == "read" and was_read) or (how == "unread" and not state.is_read(item.category, item.place)):
        return None
    if how == "archived" and item.archived_ms:
        return None
    read_ms = 0 if how in ("unread", "snoozed") else (state.read_at(item) if was_read else now_ms) or now_ms
    return Marked(
        number=item.number,
        id=item.id,
        category=item.category,
        place=item.place,
        how=how,
        at_ms=now_ms,
        until_ms=until_ms,
        seen_ms=state.seen_at(item) or now_ms,
        read_ms=read_ms,
        archived_ms=now_ms if how == "archived" else item.archived_ms if how == "read" else 0,
    )


def _received(known: DeliveryAttempt, receipt: Receipt, now_ms: int) -> DeliveryAttempt | None:
    """The delivery from then on; None: as before. It never goes backwards: receipts may be late."""
    told: DeliveryState = "opened" if receipt.event in ("opened", "action") else "displayed"
    if _RANK.get(known.state, 0) >= _RANK[told]:
        return None
    at_ms = min(now_ms, max(receipt.at_ms, known.accepted_ms or known.due_ms)) if receipt.at_ms else now_ms
    displayed = known.displayed_ms or at_ms
    opened = at_ms if told == "opened" else known.opened_ms
    return msgspec.structs.replace(known, state=told, displayed_ms=displayed, opened_ms=opened)


def _answer(state: NotifierState, item: Item) -> OneQuery:
    return OneQuery(user=state.id, number=item.number, seen_ms=state.seen_at(item), read_ms=state.read_at(item))
