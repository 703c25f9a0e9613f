"""The notifier of one person: which rule decides which command.

It tells, and knows what became of it; the rules are in the modules beside it. Whoever invites somebody has a notifier
for the invitation too, which only owes mail.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, get_args

from actors.kernel.contract.activities import Answered
from actors.kernel.contract.entity import Context, Decision, Event
from actors.notifications.notifier.answers import (
    Glimpse,
    NotificationAnswer,
    UnreadCounts,
    deliveries_answer,
    plan_answer,
    preferences_answer,
    wire,
)
from actors.notifications.notifier.commands import (
    Acknowledge,
    CountCreation,
    CountUnread,
    Erase,
    Explain,
    GetNotification,
    GetPreferences,
    Judge,
    ListDeliveries,
    ListNotifications,
    LookAtItem,
    MailCameBack,
    Mark,
    NotifierCommand,
    PersonalCommand,
    Prune,
    PullNotifications,
    ReadAll,
    ReadSeveral,
    ReleasePostponed,
    Render,
    SendDigest,
    SendMail,
    SetPreferences,
    SystemCommand,
    Tell,
    TellCounts,
)
from actors.notifications.notifier.device_commands import (
    DropDevice,
    EndProof,
    ListDevices,
    NotePermission,
    ProveDevice,
    RecordReceipts,
    RegisterDevice,
    RemoveDevice,
    TraceDevices,
    TryDevice,
)
from actors.notifications.notifier.events import CreationCounted, NotifierErased, PreferencesSet
from actors.notifications.notifier.items import listing
from actors.notifications.notifier.items.folding import device_part
from actors.notifications.notifier.planning.plan import plan
from actors.notifications.notifier.planning.preferences import check, given, merged
from actors.notifications.notifier.rules import (
    counting,
    devices,
    judging,
    mails,
    marking,
    proving,
    pruning,
    rendering,
    telling,
)
from actors.notifications.notifier.rules.again import judged_again
from actors.notifications.notifier.rules.facts import Installation, facts_to_explain, number_in, pushing_service
from actors.notifications.notifier.state import NotifierState
from actors.notifications.types import TYPES
from common.errors import FailedPrecondition, InvalidArgument, PermissionDenied, RateLimited
from common.numbered_ids import mark_of, seq_in
from common.timeline import HOUR_MS

_SYSTEM: Final = get_args(SystemCommand)
_LARGEST_PAGE: Final = 200


@dataclass(slots=True)
class Notifier(NotifierState):
    """One person's. `decide` changes nothing; `apply` folds what was decided."""

    house: Installation = field(kw_only=True)

    def decide(self, command: NotifierCommand, context: Context, version: int) -> Decision:
        """See `Entity.decide`.

        Raises:
            PermissionDenied: somebody else's, or only Carewire itself may ask it.
            NotFound: there is no such notification or device.
            InvalidArgument: a value that cannot be obeyed.
            FailedPrecondition: not as it stands; or preferences of another version were meant.
            RateLimited: too many were made within an hour.
        """
        if isinstance(command, _SYSTEM):
            if not context.by.is_system:
                raise PermissionDenied("Only Carewire itself may do this.")
            return self._decide_for_carewire(command, context)
        traced = isinstance(command, ListDeliveries) and context.by.is_system
        if context.by.user != self.id and not traced:
            raise PermissionDenied("These are somebody else's notifications.")
        personal: PersonalCommand = command  # type: ignore[assignment] # the others were for Carewire
        return self._decide_for_person(personal, context)

    def needs(self, command: NotifierCommand | Answered) -> Sequence[str]:
        """Keys of the parts that `decide` will want."""
        match command:
            case Tell():
                known = telling.known_number(self, command, 0)
                return _keys([known or 0, *telling.replaced_by(self, command)])
            case Judge():
                return _keys([command.number, *self._gathered_with(command)])
            case ReleasePostponed():
                return _keys([command.number])
            case Prune():
                return _keys(pruning.numbers(self, command))
            case SendDigest():
                return _keys(judging.gathered_for(self, command.due_ms))
            case Render():
                return rendering.needs(command.sending)
            case Acknowledge():
                return _keys(marking.needed_to_acknowledge(self, command))
            case GetNotification() | LookAtItem() | Mark() | ListDeliveries():
                return _keys([self.number_of(command.id) or 0])
            case ReadSeveral():
                return _keys([self.number_of(one) or 0 for one in command.ids])
            case ReadAll():
                return _keys(marking.needed_to_read_all(self, command))
            case RecordReceipts():
                return _keys([number_in(self, one.delivery_id) or 0 for one in command.receipts])
            case MailCameBack():
                return _keys([number_in(self, command.delivery) or 0])
            case Erase():
                return _keys(list(self.kept.open))
            case ProveDevice():
                return [device_part(command.device_id)]
            case Answered() if command.key.startswith("dlv|"):
                return [command.key.split("|")[1]]
        return ()

    def number_of(self, notification_id: str) -> int | None:
        """The number in an id of this person's; None: it is none."""
        number = seq_in(notification_id, mark_of(self.id), "ntf")
        return number if number is not None and number <= self.kept.last else None

    def answered(self, answer: Answered, context: Context) -> Decision:
        """What became of something that was sent."""
        if answer.key.startswith(mails.KEY):
            return mails.settled(self.kept.owed, answer)
        return judging.answered(self, answer, context)

    def _decide_for_carewire(self, command: SystemCommand, context: Context) -> Decision:  # one a command
        match command:
            case SendMail():
                return mails.owe(self.kept.owed, command)
            case Tell():
                return telling.tell(self, self.house, command, context)
            case ReleasePostponed():
                return telling.release(self, self.house, command, context)
            case Judge():
                return judging.judge(self, self.house, command, context)
            case SendDigest():
                return judging.send_digest(self, self.house, command, context)
            case TellCounts():
                return counting.tell_counts(self, context.now_ms)
            case Prune():
                return pruning.prune(self, command, context)
            case Acknowledge():
                return marking.acknowledge(self, command, context)
            case Render():
                return rendering.render(self, command.sending, context)
            case DropDevice():
                return devices.drop(self, command, context)
            case EndProof():
                return proving.end(self, command)
            case MailCameBack():
                return judging.came_back(self, command, context)
            case CountCreation():
                return self._count_creation(context.now_ms)
            case Erase():
                return self._erase(context)

    def _decide_for_person(self, command: PersonalCommand, context: Context) -> Decision:  # one a command
        match command:
            case Mark():
                return marking.mark(self, command, self.number_of(command.id), context)
            case ReadSeveral():
                return marking.read_several(self, command, [self.number_of(one) for one in command.ids], context)
            case ReadAll():
                return marking.read_all(self, command, context)
            case SetPreferences():
                return self._set_preferences(command, context.now_ms)
            case RegisterDevice():
                return devices.register(self, command, context)
            case ProveDevice():
                return proving.prove(self, command, context)
            case RemoveDevice():
                return devices.remove(self, command, context)
            case NotePermission():
                return devices.permission(self, command)
            case TryDevice():
                return devices.try_out(self, self.house, command, context)
            case RecordReceipts():
                return marking.receipts(self, command, context)
            case _:
                return self._read(command, context)

    def _read(self, command: PersonalCommand, context: Context) -> Decision:
        match command:
            case ListNotifications():
                return Decision(self._page(command))
            case PullNotifications():
                _check_limit(command.limit)
                return Decision(
                    listing.PullQuery(marks=listing.marks_of(self), after=command.after, limit=command.limit)
                )
            case GetNotification():
                item = marking.found(self, self.number_of(command.id), context)
                return Decision(NotificationAnswer(wire(item, seen_ms=self.seen_at(item), read_ms=self.read_at(item))))
            case LookAtItem():
                item = marking.found(self, self.number_of(command.id), context)
                return Decision(Glimpse(read=self.read_at(item) is not None, snoozes=item.snoozes))
            case ListDeliveries():
                item = marking.found(self, self.number_of(command.id), context)
                return Decision(deliveries_answer(item, pushed_by=pushing_service(self, self.house, item.mode)))
            case CountUnread():
                counts = self.unread()
                return Decision(UnreadCounts(unread=sum(counts.values()), by_category=counts))
            case ListDevices():
                return devices.listed(self)
            case TraceDevices():
                return devices.traced(self)
            case Explain():
                return self._explain(command, context.now_ms)
        assert isinstance(command, GetPreferences)
        return Decision(preferences_answer(self.kept.preferences, tz=self.tz, locale=self.locale))

    def _page(self, command: ListNotifications) -> listing.PageQuery:
        _check_limit(command.limit)
        return listing.PageQuery(
            marks=listing.marks_of(self),
            unread=command.unread,
            category=command.category,
            name=command.name,
            archived=command.archived,
            below=command.below,
            limit=command.limit,
        )

    def _explain(self, command: Explain, now_ms: int) -> Decision:
        kind = TYPES.get(command.name)
        if kind is None:
            raise InvalidArgument("There is no such type of notification.", details={"field": "type"})
        facts = facts_to_explain(
            state=self, house=self.house, kind=kind, priority=command.priority, at_ms=command.at_ms or now_ms
        )
        return Decision(plan_answer(plan(command.channel, facts, self.house.settings)))

    def _set_preferences(self, command: SetPreferences, now_ms: int) -> Decision:
        before = self.kept.preferences
        if command.versions is not None and before.version not in command.versions:
            raise FailedPrecondition(
                "The preferences have changed meanwhile. Read them again.", details={"version": before.version}
            )
        changes = {name: value for name, value in given(command).items() if name != "versions"}
        then = merged(before, changes)
        check(then)
        timers = judged_again(self, now_ms)
        note = PreferencesSet(preferences=then, judge_ms=now_ms if timers else 0)
        tz, locale = then.tz or self.tz, then.locale or self.locale
        return Decision(preferences_answer(then, tz=tz, locale=locale), notes=[note], timers=timers)

    def _count_creation(self, now_ms: int) -> Decision:
        recent = [at for at in self.kept.created if at > now_ms - HOUR_MS]
        if len(recent) >= self.house.settings.created_per_hour:
            wait_s = (recent[0] + HOUR_MS - now_ms) / 1000
            raise RateLimited("That is enough for one hour.", retry_after_s=wait_s)
        return Decision({}, notes=[CreationCounted(at_ms=now_ms)])

    def _erase(self, context: Context) -> Decision:
        if self.kept.erased:
            return Decision({})
        now_ms = context.now_ms
        ends: list[Event] = [
            devices.ended(one, "erased", now_ms) for one in self.kept.devices.values() if one.state != "gone"
        ]
        return Decision({}, events=ends, notes=[*judging.dropped(self, context), NotifierErased(at_ms=now_ms)])

    def _gathered_with(self, command: Judge) -> list[int]:
        """What else waits since there were too many pushes: it is told with it."""
        opened = self.kept.open.get(command.number)
        if command.channel != "push" or opened is None or opened.gathered.get("push") != "rate_capped":
            return []
        return [number for number, one in self.kept.open.items() if one.gathered.get("push") == "rate_capped"]


def _keys(numbers: Sequence[int]) -> list[str]:
    return [str(number) for number in dict.fromkeys(numbers) if number > 0]


def _check_limit(limit: int) -> None:
    if not 1 <= limit <= _LARGEST_PAGE:
        raise InvalidArgument(f"limit is 1 to {_LARGEST_PAGE}.", details={"field": "limit"})
