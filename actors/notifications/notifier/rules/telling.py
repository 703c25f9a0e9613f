"""Decisions that begin a notification, or take one back. Pure."""

from collections.abc import Sequence
from typing import Final

import msgspec

from actors.kernel.contract.entity import Context, Decision, Event, SetTimer
from actors.notifications.actions import Actionable
from actors.notifications.notifier.answers import TellOutcome
from actors.notifications.notifier.commands import Judge, Prune, ReleasePostponed, SendDigest, Tell
from actors.notifications.notifier.events import Notified, Released, Replaced, Withdrawn
from actors.notifications.notifier.items.item import GroupedItem, Item
from actors.notifications.notifier.items.listing import OneQuery
from actors.notifications.notifier.planning.plan import ChannelPlan, plan
from actors.notifications.notifier.rules.counting import counted
from actors.notifications.notifier.rules.facts import Installation, facts_of, in_app_delivery, judged
from actors.notifications.notifier.rules.resting import after_rest
from actors.notifications.notifier.rules.taking_back import ring_ends, take_back
from actors.notifications.notifier.snapshot import DEDUPE_MS, WEEK_MS
from actors.notifications.notifier.state import NotifierState
from actors.notifications.types import CHANNELS, TYPES, Channel
from common.errors import InvalidArgument
from common.numbered_ids import mark_of, timed_id
from common.timeline import DAY_MS

MOST_JOINED: Final = 60
"""Of a group, those that are remembered one by one: a year of weekly sessions, and some."""
_pack: Final = msgspec.msgpack.Encoder().encode


def tell(state: NotifierState, house: Installation, command: Tell, context: Context) -> Decision:
    """Begin a notification, unless it is known, or something later of its subject is.

    Raises:
        InvalidArgument: there is no such type.
    """
    if command.name not in TYPES:
        raise InvalidArgument("There is no such type of notification.", details={"field": "type"})
    kept, now_ms = state.kept, context.now_ms
    if kept.erased:
        return Decision(TellOutcome())
    known = known_number(state, command, now_ms)
    if known is not None:
        return Decision(_told(state, context.parts.get(str(known)), duplicate=True))
    if command.withdraw:
        return _withdraw(state, command, context)
    former = [item for number in replaced_by(state, command) if (item := context.parts.get(str(number))) is not None]
    item = _item(state=state, house=house, command=command, now_ms=now_ms, former=former)
    events: list[Event] = [Notified(author=state.id, secret=item.content, item=_bare(item), dedupe=command.dedupe_key)]
    notes: list[Event] = [_replaced(one, item.number) for one in former]
    notes += _sent_at_once(state, house, item, now_ms)
    timers = [*timers_of(item), *_prune(state, house, item)]
    answer = _told(state, item)
    return counted(state, Decision(answer, events=events, notes=notes, timers=timers), now_ms)


def release(state: NotifierState, house: Installation, command: ReleasePostponed, context: Context) -> Decision:
    """Tell what was made for later, or was put off; a stale timer does nothing. While notifications are switched off,
    it waits until they are on again."""
    opened, item = state.kept.open.get(command.number), context.parts.get(str(command.number))
    if opened is None or item is None or opened.later_ms != command.later_ms or item.archived_ms:
        return Decision({})
    now_ms = context.now_ms
    if house.off and not TYPES[item.name].locked:
        again = SetTimer(f"release|{item.number}", after_rest(now_ms), _pack(command))
        return Decision({}, timers=[again])
    item = msgspec.structs.replace(item, later_ms=0, chose="", chose_ms=0, revision=item.revision + 1)
    item = _planned(state, house, _with_actions(state, house, item, now_ms), now_ms)
    event = Released(author=state.id, secret=item.content, item=_bare(item))
    notes = _sent_at_once(state, house, item, now_ms)
    return counted(state, Decision({}, events=[event], notes=notes, timers=timers_of(item)), now_ms)


def known_number(state: NotifierState, command: Tell, now_ms: int) -> int | None:
    """The number of what says the same already, or something later of the same subject; None: it is new."""
    kept, subject = state.kept, command.subject
    if command.dedupe_key and command.dedupe_key in kept.dedupe:
        number, at_ms = kept.dedupe[command.dedupe_key]
        if at_ms > now_ms - DEDUPE_MS:
            return number
    if subject is not None and subject.key in kept.subjects:
        version, number = kept.subjects[subject.key]
        if subject.version < version or (subject.version == version and not command.withdraw):
            return number
    return None


def replaced_by(state: NotifierState, command: Tell) -> list[int]:
    """The numbers of those whose place it takes."""
    kept, found = state.kept, []
    if command.subject is not None and command.subject.key in kept.subjects:
        found.append(kept.subjects[command.subject.key][1])
    if command.group and command.group in kept.groups:
        found.append(kept.groups[command.group])
    return [number for number in dict.fromkeys(found) if number > kept.floor]


def timers_of(item: Item) -> list[SetTimer]:
    """When it is judged again, and when it is told at last."""
    if item.later_ms:
        return [SetTimer(f"release|{item.number}", item.later_ms, _pack(ReleasePostponed(item.number, item.later_ms)))]
    return [judging(item.number, name, one) for name, one in item.plans.items() if one.verdict == "held"]


def judging(number: int, channel: Channel, held: ChannelPlan) -> SetTimer:
    """The timer of what is held until then. All mails of one period have one."""
    if held.reason == "digest":
        return SetTimer("digest", held.until, _pack(SendDigest(held.until)))
    return SetTimer(f"judge|{number}|{channel}", held.until, _pack(Judge(number, channel, held.until)))


def _item(state: NotifierState, house: Installation, command: Tell, now_ms: int, former: Sequence[Item]) -> Item:
    kept, kind = state.kept, TYPES[command.name]
    number = kept.last + 1
    totals = {name: marks.total for name, marks in kept.categories.items()}
    totals[kind.category] = totals.get(kind.category, 0) + 1
    joined = [one for one in former if command.group and one.group == command.group and _counts(state, one)]
    item = Item(
        number=number,
        id=timed_id("ntf", now_ms, number, mark_of(state.id)),
        name=command.name,
        priority=command.priority or kind.priority,
        created_ms=now_ms,
        place=totals[kind.category],
        totals=totals,
        plans={},
        subject=command.subject,
        group=command.group,
        count=command.count + sum(one.count for one in joined),
        values=command.values,
        link=house.links.of(command.link or (command.subject.page if command.subject is not None else "")),
        channels=command.channels,
        sender=command.sender,
        room=command.room,
        named=command.named,
        at_once=command.at_once or kind.at_once,
        mode=command.mode,
        expires_ms=command.expires_at_ms,
        later_ms=command.send_at_ms if command.send_at_ms > now_ms else 0,
        locale=state.locale,
        tz=state.tz,
        joined=_members(joined),
        content=command.secret,
    )
    return _planned(state, house, _with_actions(state, house, item, now_ms), now_ms)


def _with_actions(state: NotifierState, house: Installation, item: Item, now_ms: int) -> Item:
    """With what its person can do about it, among its words: whoever has such a link, can."""
    one = Actionable(
        type=item.name,
        user=state.id,
        subject=item.single_subject,
        itself=item.itself,
        values=item.values,
        made_s=now_ms // 1000,
    )
    actions = house.links.actions(one, item.locale)
    if not actions:
        return item
    return msgspec.structs.replace(item, content=_pack(msgspec.structs.replace(item.own_words, actions=actions)))


def _members(joined: Sequence[Item]) -> tuple[GroupedItem, ...]:
    """Those that the ones whose place it takes stood for, and these themselves."""
    found = [member for one in joined for member in one.joined]
    found += [GroupedItem(one.subject, one.values) for one in joined if one.subject is not None]
    return tuple(found[-MOST_JOINED:])


def _planned(state: NotifierState, house: Installation, item: Item, now_ms: int) -> Item:
    facts = facts_of(state, house, item, now_ms)
    item = msgspec.structs.replace(item, plans={name: plan(name, facts, house.settings) for name in CHANNELS})
    if item.plans["in_app"].verdict != "sent":
        return item
    return msgspec.structs.replace(item, deliveries=(*item.deliveries, in_app_delivery(state, item, now_ms)))


def _sent_at_once(state: NotifierState, house: Installation, item: Item, now_ms: int) -> list[Event]:
    """What waits for nobody is owed in the same turn."""
    notes: list[Event] = []
    later: tuple[Channel, ...] = ("push", "email")
    for channel in later:
        if item.plans[channel].verdict == "sent":
            note = judged(state=state, house=house, item=item, channel=channel, plan=item.plans[channel], now_ms=now_ms)
            item = msgspec.structs.replace(item, deliveries=(*item.deliveries, *note.deliveries))
            notes.append(note)
    return notes


def _prune(state: NotifierState, house: Installation, item: Item) -> list[SetTimer]:
    """The first of a week sets the timer that forgets all of it, when its last has been kept for long enough."""
    week = item.created_ms // WEEK_MS
    if week in state.kept.weeks:
        return []
    due = (week + 1) * WEEK_MS + house.settings.keep_days * DAY_MS
    return [SetTimer(f"prune|{week}", due, _pack(Prune(week=week)))]


def _withdraw(state: NotifierState, command: Tell, context: Context) -> Decision:
    """Take back what is older of the subject."""
    subject = command.subject
    if subject is None:
        raise InvalidArgument("What is taken back has a subject.", details={"field": "subject"})
    item: Item | None = context.parts.get(str(state.kept.subjects.get(subject.key, (0, 0))[1]))
    owing = () if item is None else ring_ends(state, item) or take_back(state, [item.number], context.now_ms)
    notes: list[Event] = [Withdrawn(key=subject.key, version=subject.version, owing=owing)]
    if item is not None and not item.replaced_by:
        notes.append(_replaced(item, -1))
    return counted(state, Decision(TellOutcome(), notes=notes), context.now_ms)


def _replaced(item: Item, by: int) -> Replaced:
    return Replaced(number=item.number, category=item.category, place=item.place, by=by)


def _counts(state: NotifierState, item: Item) -> bool:
    """Is it still unread, so that its successor stands for it too?"""
    return not state.is_read(item.category, item.place)


def _bare(item: Item) -> Item:
    """Without the words: those are the secret of the event."""
    return msgspec.structs.replace(item, content=None)


def _told(state: NotifierState, item: Item | None, *, duplicate: bool = False) -> TellOutcome | OneQuery:
    if item is None:
        return TellOutcome(duplicate=duplicate)
    seen, read = (state.seen_at(item), state.read_at(item)) if duplicate else (None, None)
    return OneQuery(user=state.id, number=item.number, seen_ms=seen, read_ms=read, told=True, duplicate=duplicate)
