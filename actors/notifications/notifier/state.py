"""What a notifier remembers: marks and counts, never the notifications themselves; those are parts."""

from dataclasses import dataclass, field
from typing import assert_never
from zoneinfo import ZoneInfo

import msgspec

from actors.notifications.notifier.events import (
    AllRead,
    CountsTold,
    CreationCounted,
    DeliveriesChanged,
    DeviceEnded,
    DeviceKept,
    DeviceNoted,
    DeviceRegistered,
    Digested,
    Judged,
    MailOwed,
    MailSettled,
    Marked,
    Notified,
    NotifierErased,
    NotifierEvent,
    PreferencesSet,
    Pruned,
    Released,
    Replaced,
    SeenOnScreen,
    TakenBack,
    TrialOwed,
    Withdrawn,
)
from actors.notifications.notifier.items.item import Item
from actors.notifications.notifier.planning.plan import ChannelPlan
from actors.notifications.notifier.snapshot import (
    DEDUPE_MS,
    MOST_DEDUPED,
    MOST_DEVICES,
    MOST_MARKS,
    MOST_SHOWN,
    MOST_SUBJECTS,
    WEEK_MS,
    CategoryMarks,
    NotifierSnapshot,
    OpenItem,
)
from actors.notifications.types import Channel
from common.timeline import HOUR_MS, kept_zone


@dataclass(slots=True)
class NotifierState:
    """State and its fold."""

    id: str
    kept: NotifierSnapshot = field(default_factory=NotifierSnapshot)

    # -- questions ----------------------------------------------------------------------------------------------

    @property
    def tz(self) -> str:
        """The zone that was chosen, else that of the device that registered last."""
        return self.kept.preferences.tz or self._of_last_device("tz") or "UTC"

    @property
    def zone(self) -> ZoneInfo:
        """The same as rules."""
        return kept_zone(self.tz)

    @property
    def locale(self) -> str:
        """The language that was chosen, else that of the device that registered last."""
        return self.kept.preferences.locale or self._of_last_device("locale") or "en"

    def active_devices(self) -> list[DeviceKept]:
        """Those that are pushed to."""
        return [one for one in self.kept.devices.values() if one.takes_pushes]

    def is_read(self, category: str, place: int) -> bool:
        """Has the notification with this place in its category been read?"""
        marks = self.kept.categories.get(category)
        return marks is not None and place in marks.read

    def unread(self) -> dict[str, int]:
        """How many are unread, by category."""
        return {name: marks.unread for name, marks in self.kept.categories.items() if marks.unread}

    def read_at(self, item: Item) -> int | None:
        """When it was read; None: it is unread."""
        if item.later_ms or not self.is_read(item.category, item.place):
            return None
        marks = self.kept.categories[item.category].marks
        mark = next((at for upto, at in marks if upto >= item.place), item.created_ms)
        return item.chose_ms if item.chose == "read" else mark

    def seen_at(self, item: Item) -> int | None:
        """When somebody had it on a screen; None: nobody has."""
        if item.number not in self.kept.seen:
            return self.read_at(item)
        return next((at for upto, at in self.kept.seen_marks if upto >= item.number), item.created_ms)

    def _of_last_device(self, member: str) -> str:
        told = [one for one in self.kept.devices.values() if getattr(one, member)]
        return getattr(max(told, key=lambda one: one.at_ms), member) if told else ""

    # -- fold ---------------------------------------------------------------------------------------------------

    def apply(self, event: NotifierEvent, seq: int, at_ms: int) -> None:  # one case an event
        """See `Entity.apply`."""
        kept = self.kept
        match event:
            case MailOwed():
                kept.owed[event.mail_id] = seq
            case MailSettled():
                kept.owed.pop(event.mail_id, None)
            case Notified():
                self._notified(event, at_ms)
            case Released():
                self._released(event.item)
            case Replaced():
                self._marks(event.category).read.add(event.place)
                kept.open.pop(event.number, None)
                kept.shown.pop(event.number, None)
            case Withdrawn():
                self._withdrawn(event)
            case Judged():
                self._judged(event, at_ms)
            case DeliveriesChanged():
                self._sent(event)
            case Digested():
                self._digested(event)
            case Marked():
                self._marked(event)
            case AllRead():
                self._all_read(event)
            case SeenOnScreen():
                for number in event.numbers:
                    kept.seen.add(number)
                mark = (max(event.numbers), event.at_ms)
                kept.seen_marks = [*(one for one in kept.seen_marks if one[0] < mark[0]), mark][-MOST_MARKS:]
            case TakenBack():
                for number in event.numbers:
                    kept.shown.pop(number, None)
            case CountsTold():
                kept.telling = event.by_category is None
                kept.told_ms = kept.told_ms if kept.telling else event.at_ms
            case PreferencesSet():
                kept.preferences = event.preferences
                if event.judge_ms:
                    self._judge_again(event.judge_ms)
            case DeviceRegistered():
                kept.devices[event.device.id] = msgspec.structs.replace(event.device, registered=seq)
            case DeviceNoted() | DeviceEnded():
                kept.devices[event.device.id] = event.device
                self._forget_oldest_devices()
            case CreationCounted():
                kept.created = [at for at in kept.created if at > event.at_ms - HOUR_MS] + [event.at_ms]
            case Pruned():
                self._pruned(event)
            case NotifierErased():
                self.kept = NotifierSnapshot(owed=kept.owed, last=kept.last, erased=True)
            case TrialOwed():
                pass
            case _:
                assert_never(event)

    def _marks(self, category: str) -> CategoryMarks:
        return self.kept.categories.setdefault(category, CategoryMarks())

    def _notified(self, event: Notified, at_ms: int) -> None:
        kept, item = self.kept, event.item
        kept.last = item.number
        kept.weeks[item.created_ms // WEEK_MS] = item.number
        marks = self._marks(item.category)
        marks.total = item.place
        if item.later_ms:
            marks.read.add(item.place)
        if item.subject is not None:
            kept.subjects[item.subject.key] = (item.subject.version, item.number)
            _bound(kept.subjects, MOST_SUBJECTS)
        if item.group:
            kept.groups[item.group] = item.number
            _bound(kept.groups, MOST_SUBJECTS)
        if event.dedupe:
            kept.dedupe = {key: one for key, one in kept.dedupe.items() if one[1] > at_ms - DEDUPE_MS}
            kept.dedupe[event.dedupe] = (item.number, at_ms)
            _bound(kept.dedupe, MOST_DEDUPED)
        self._follow(
            number=item.number, category=item.category, place=item.place, plans=item.plans, later_ms=item.later_ms
        )

    def _follow(
        self, number: int, category: str, place: int, plans: dict[Channel, ChannelPlan], later_ms: int = 0
    ) -> None:
        """Remember what of it is judged again, and when."""
        due: dict[Channel, int] = {
            name: plan.until for name, plan in plans.items() if plan.verdict == "held" and name != "in_app"
        }
        if due or later_ms:
            self.kept.open[number] = OpenItem(place, category, due, _gathered(plans), later_ms=later_ms)

    def _released(self, item: Item) -> None:
        self._marks(item.category).read.remove(item.place)
        self.kept.seen.remove(item.number)
        self.kept.open.pop(item.number, None)
        self._follow(item.number, item.category, item.place, item.plans)

    def _withdrawn(self, event: Withdrawn) -> None:
        number = self.kept.subjects.get(event.key, (0, 0))[1]
        self.kept.subjects[event.key] = (event.version, number)
        _bound(self.kept.subjects, MOST_SUBJECTS)

    def _judged(self, event: Judged, at_ms: int) -> None:
        kept = self.kept
        if event.push:
            kept.pushes = [one for one in kept.pushes if one[0] > at_ms - HOUR_MS] + [(at_ms, event.topic)]
        opened = kept.open.setdefault(event.number, OpenItem(event.place, event.category))
        opened.due.pop(event.channel, None)
        opened.gathered.pop(event.channel, None)
        if event.plan.verdict == "held":
            opened.due[event.channel] = event.plan.until
            opened.gathered |= _gathered({event.channel: event.plan})
        opened.waiting += [one.id for one in event.deliveries if one.state == "queued"]
        self._close(event.number, opened)

    def _sent(self, event: DeliveriesChanged) -> None:
        kept = self.kept
        if event.shown_on and self.kept.open.get(event.number) is not None:
            kept.shown.setdefault(event.number, []).append(event.shown_on)
            _bound(kept.shown, MOST_SHOWN)
        opened = kept.open.get(event.number)
        if opened is not None:
            over = {one.id for one in event.deliveries if one.state != "queued"}
            opened.waiting = [one for one in opened.waiting if one not in over]
            self._close(event.number, opened)

    def _digested(self, event: Digested) -> None:
        for number in event.numbers:
            opened = self.kept.open.get(number)
            if opened is not None:
                opened.due.pop("email", None)
                opened.gathered.pop("email", None)
                self._close(number, opened)

    def _close(self, number: int, opened: OpenItem) -> None:
        if not opened.due and not opened.waiting and not opened.later_ms:
            self.kept.open.pop(number, None)

    def _marked(self, event: Marked) -> None:
        marks, opened = self._marks(event.category), self.kept.open.get(event.number)
        if event.how == "unread":
            marks.read.remove(event.place)
        else:
            marks.read.add(event.place)
        if event.how == "snoozed":
            opened = self.kept.open.setdefault(event.number, OpenItem(event.place, event.category))
            opened.due, opened.gathered, opened.later_ms = {}, {}, event.until_ms
        elif opened is not None and opened.later_ms:  # it was put off, and is not any more
            opened.later_ms = 0
            self._close(event.number, opened)

    def _all_read(self, event: AllRead) -> None:
        for category, place in event.places.items():
            marks = self._marks(category)
            marks.read.fill(place)
            marks.marks = [*(one for one in marks.marks if one[0] < place), (place, event.at_ms)][-MOST_MARKS:]

    def _judge_again(self, at_ms: int) -> None:
        for opened in self.kept.open.values():
            for channel in [name for name in opened.due if name in opened.gathered]:
                opened.due[channel] = at_ms

    def _forget_oldest_devices(self) -> None:
        gone = sorted((one for one in self.kept.devices.values() if one.state == "gone"), key=lambda one: one.gone_ms)
        for device in gone[: max(0, len(self.kept.devices) - MOST_DEVICES)]:
            del self.kept.devices[device.id]

    def _pruned(self, event: Pruned) -> None:
        kept = self.kept
        kept.floor = event.number
        kept.weeks = {week: number for week, number in kept.weeks.items() if number > event.number}
        for known in (kept.open, kept.shown):
            for number in [number for number in known if number <= event.number]:
                del known[number]
        for category, place in event.places.items():
            self._marks(category).read.fill(place)
        kept.subjects = {key: one for key, one in kept.subjects.items() if not 0 < one[1] <= event.number}
        kept.groups = {key: one for key, one in kept.groups.items() if one > event.number}


def _gathered(plans: dict[Channel, ChannelPlan]) -> dict[Channel, str]:
    """Channels on which it is held for reasons that change with what the person chooses."""
    held = {name: plan.reason for name, plan in plans.items() if plan.verdict == "held" and name != "in_app"}
    return {name: reason for name, reason in held.items() if reason in ("quiet_hours", "digest", "rate_capped")}


def _bound(remembered: dict[str, tuple[int, int]] | dict[str, int] | dict[int, list[str]], most: int) -> None:
    """The oldest go."""
    while len(remembered) > most:
        del remembered[next(iter(remembered))]  # type: ignore[arg-type] # a key of its own
