"""What a notifier answers, as JSON, in the members of the public contract."""

from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from actors.notifications.activities import Mail, Push, Service
from actors.notifications.notifier.items.item import DeliveryAttempt, Item
from actors.notifications.notifier.planning.plan import ChannelPlan, Outcome, Verdict
from actors.notifications.notifier.planning.preferences import (
    Channels,
    Digest,
    Preferences,
    Preview,
    QuietHours,
    RoomChoice,
    TypeChoice,
)
from actors.notifications.types import Channel, Priority
from common.clock import to_rfc3339
from common.persons import OtherId, UserId

_CHANNEL_ORDER: Final[tuple[Channel, ...]] = ("in_app", "push", "email")


class WireSubject(msgspec.Struct, frozen=True, kw_only=True):
    """What it is about."""

    kind: str
    id: OtherId
    version: int


class WireAction(msgspec.Struct, frozen=True, kw_only=True):
    """What can be done from it."""

    id: OtherId
    title: str
    link: str


class WireNotification(msgspec.Struct, frozen=True, kw_only=True):
    """The `notification` object of the public contract. `seq` is the person's own, without gaps."""

    id: OtherId
    type: str
    category: str
    priority: Priority
    title: str
    body: str
    data: msgspec.Raw
    subject: WireSubject | UnsetType = UNSET
    link: str | UnsetType = UNSET
    actions: list[WireAction] | UnsetType = UNSET
    group: str | UnsetType = UNSET
    count: int = 1
    created_at: str
    expires_at: str | UnsetType = UNSET
    seen_at: str | None = None
    read_at: str | None = None
    archived_at: str | None = None
    seq: int


class NotificationAnswer(msgspec.Struct, frozen=True):
    """One notification."""

    notification: WireNotification


class Glimpse(msgspec.Struct, frozen=True):
    """Whether a notification is read, and how often it was put off."""

    read: bool
    snoozes: int


class TellOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of telling: the notification, or the one that was there. None: nothing was told."""

    notification: WireNotification | None = None
    duplicate: bool = False


class NotificationPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page, newest first, and how many are unread in all."""

    notifications: list[WireNotification]
    unread: int
    next_cursor: str | UnsetType = UNSET


class PulledNotifications(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker shows after a push, and from where to pull next."""

    notifications: list[WireNotification]
    next: int


class UnreadCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How many are unread, in all and by category."""

    unread: int
    by_category: dict[str, int]


class ReadSome(msgspec.Struct, frozen=True, kw_only=True):
    """How many were unread until now, and how many still are."""

    changed: int
    unread: int


class ReadUpTo(msgspec.Struct, frozen=True, kw_only=True):
    """Up to where was read, and how many are unread, of the category or of all."""

    up_to: int
    unread: int


class PreferencesAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What the person chose."""

    version: int
    tz: str
    locale: str
    channels: Channels
    types: dict[str, TypeChoice]
    preview: Preview
    rooms: dict[str, RoomChoice]
    muted: dict[UserId, str | None]
    quiet_hours: QuietHours
    digest: Digest


class WireStep(msgspec.Struct, frozen=True, kw_only=True):
    """One rule, and what it said."""

    rule: str
    outcome: Outcome
    detail: str | UnsetType = UNSET


class PlanAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of a notification on a channel, and why."""

    verdict: Verdict
    until: str | UnsetType = UNSET
    steps: list[WireStep]


class WireDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt to tell it."""

    id: OtherId
    channel: str
    device_id: str | UnsetType = UNSET
    state: str
    reason: str | UnsetType = UNSET
    attempts: int
    due_at: str | UnsetType = UNSET
    sent_at: str | UnsetType = UNSET
    accepted_at: str | UnsetType = UNSET
    displayed_at: str | UnsetType = UNSET
    opened_at: str | UnsetType = UNSET


class DeliveriesAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a notification, and why, by channel."""

    deliveries: list[WireDelivery]
    why: dict[str, PlanAnswer]


class Rendered(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent, whole; neither: there is nothing to send any more. `quotes_room`: whose last message the push may
    show, with its sender, as `preview` says. `session`: the device, registered at `registered_ms`, is pushed to only
    while it lasts."""

    push: Push | None = None
    mail: Mail | None = None
    quotes_room: str = ""
    preview: Preview = "none"
    session: str = ""
    registered_ms: int = 0


def wire(item: Item, *, seen_ms: int | None, read_ms: int | None) -> WireNotification:
    """A notification as clients see it."""
    words = item.words()
    actions = [WireAction(id=one.id, title=one.title, link=one.link) for one in words.actions]
    subject = item.subject
    return WireNotification(
        id=item.id,
        type=item.name,
        category=item.category,
        priority=item.priority,
        title=words.title,
        body=words.body,
        data=msgspec.Raw(words.data),
        subject=UNSET if subject is None else WireSubject(kind=subject.kind, id=subject.id, version=subject.version),
        link=words.link or UNSET,
        actions=actions or UNSET,
        group=item.group or UNSET,
        count=item.count,
        created_at=to_rfc3339(item.created_ms),
        expires_at=_moment(item.expires_ms),
        seen_at=None if seen_ms is None else to_rfc3339(seen_ms),
        read_at=None if read_ms is None else to_rfc3339(read_ms),
        archived_at=to_rfc3339(item.archived_ms) if item.archived_ms else None,
        seq=item.number,
    )


def preferences_answer(kept: Preferences, *, tz: str, locale: str) -> PreferencesAnswer:
    """Preferences as clients see them, with the zone and the language in force."""
    return PreferencesAnswer(
        version=kept.version,
        tz=tz,
        locale=locale,
        channels=kept.channels,
        types=kept.types,
        preview=kept.preview,
        rooms=kept.rooms,
        muted={user: None if until is None else to_rfc3339(until) for user, until in kept.muted.items()},
        quiet_hours=kept.quiet_hours,
        digest=kept.digest,
    )


def plan_answer(plan: ChannelPlan) -> PlanAnswer:
    """A plan as clients see it."""
    steps = [WireStep(rule=one.rule, outcome=one.outcome, detail=one.detail or UNSET) for one in plan.steps]
    return PlanAnswer(verdict=plan.verdict, until=_moment(plan.until), steps=steps)


def deliveries_answer(item: Item, *, pushed_by: Service = "webpush") -> DeliveriesAnswer:
    """What became of it, and why. `pushed_by`: whose a push is that is not one yet."""
    plans = item.plans
    held = [_held(item, name, pushed_by) for name in _CHANNEL_ORDER if plans[name].verdict == "held"]
    skipped = [_held(item, name, pushed_by) for name in _CHANNEL_ORDER if plans[name].verdict == "skipped"]
    known = {_family(one.channel) for one in item.deliveries}
    beside = [one for one in (*held, *skipped) if _family(one.channel) not in known or one.state == "held"]
    return DeliveriesAnswer(
        deliveries=[_delivery(one) for one in (*item.deliveries, *beside)],
        why={name: plan_answer(plans[name]) for name in _CHANNEL_ORDER},
    )


def _family(channel: str) -> str:
    return channel if channel in ("in_app", "email") else "push"


def _held(item: Item, channel: Channel, pushed_by: Service) -> DeliveryAttempt:
    """What is held back or left out, where no delivery says so."""
    plan = item.plans[channel]
    number = _CHANNEL_ORDER.index(channel)
    return DeliveryAttempt(
        id=f"dlv_{item.id.partition('_')[2]}.{number}",
        channel=pushed_by if channel == "push" else channel,
        state="held" if plan.verdict == "held" else "skipped",
        reason=plan.reason,
        due_ms=plan.until,
    )


def _delivery(one: DeliveryAttempt) -> WireDelivery:
    return WireDelivery(
        id=one.id,
        channel=one.channel,
        device_id=one.device or UNSET,
        state=one.state,
        reason=one.reason or UNSET,
        attempts=one.attempts,
        due_at=_moment(one.due_ms),
        sent_at=_moment(one.sent_ms),
        accepted_at=_moment(one.accepted_ms),
        displayed_at=_moment(one.displayed_ms),
        opened_at=_moment(one.opened_ms),
    )


def _moment(at_ms: int) -> str | UnsetType:
    return to_rfc3339(at_ms) if at_ms else UNSET
