"""What a plan depends on, gathered from the state; and what follows from a plan that says: send it."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import msgspec

from actors.notifications.actions import NotificationLinks
from actors.notifications.activities import EMAIL, Sending, Service
from actors.notifications.notifier.events import DeviceKept, Judged, Owing
from actors.notifications.notifier.items.item import DeliveryAttempt, Item
from actors.notifications.notifier.planning.plan import ChannelPlan, PlanFacts
from actors.notifications.notifier.state import NotifierState
from actors.notifications.types import TYPES, Channel, NotificationType, Priority
from common.auth.keys import link_keys
from common.auth.links import LinkTokens
from common.numbered_ids import mark_of, seq_in, timed_id
from common.timeline import DAY_MS
from config.capabilities.notifications import NotificationSettings
from config.settings import Settings

if TYPE_CHECKING:
    from actors.kernel.contract.activities import Urgency

_SLOTS: Final = 64  # deliveries of one notification that have ids of their own
_KEPT_BY_SERVICES_MS: Final = 28 * DAY_MS  # FCM keeps a message for so long, and no longer


@dataclass(frozen=True, slots=True)
class Installation:
    """What this installation has. `services`: those that push; `channels`: on which it tells at all. `off`: it tells
    emergencies alone. `links`: where what is told leads."""

    settings: NotificationSettings
    channels: frozenset[Channel] = frozenset(("in_app", "push", "email"))
    services: frozenset[Service] = frozenset(("webpush", "fcm", "apns"))
    off: bool = False
    links: NotificationLinks = field(default_factory=NotificationLinks)

    @classmethod
    def of(cls, settings: Settings) -> "Installation":
        """As the settings say. While notifications are off, emergencies still reach inboxes and mail. Where only
        another issuer signs tokens, the root of keys is in the database, which a shard does not read: what it tells
        has no links that do something; mails have."""
        off = "notifications" in settings.features.off
        channels: list[Channel] = ["in_app"]
        if not off:
            channels.append("push")
        if settings.email.configured:
            channels.append("email")
        has: dict[Service, bool] = {
            "webpush": True,
            "fcm": settings.push.fcm_credentials is not None,
            "apns": settings.push.apns_key is not None,
        }
        services = frozenset(name for name, there in has.items() if there)
        secret, generation = settings.auth.secret, settings.notifications.link_generation
        tokens = None if secret is None else LinkTokens(link_keys(secret.get_secret_value(), generation))
        links = NotificationLinks((settings.http.public_url or "").rstrip("/"), tokens)
        return cls(settings.notifications, frozenset(channels), services, off, links)


def facts_of(
    state: NotifierState, house: Installation, item: Item, now_ms: int, *, waited: bool = False, blocked: str = ""
) -> PlanFacts:
    """Of this notification, now."""
    kept = state.kept
    return PlanFacts(
        type=TYPES[item.name],
        priority=item.priority,
        now_ms=now_ms,
        since_ms=now_ms if not waited else item.created_ms,
        preferences=kept.preferences,
        zone=state.zone,
        channels=item.channels,
        at_once=item.at_once,
        waited=waited,
        expires_ms=item.expires_ms,
        send_at_ms=item.later_ms,
        sender=item.sender,
        room=item.room,
        named=item.named,
        topic=item.topic,
        grouped=bool(item.group),
        devices=len(targets(state, house, item.mode)),
        barred=_barred(state, house, item.mode),
        pushes=kept.pushes,
        configured=house.channels,
        blocked=blocked,
    )


def facts_to_explain(
    state: NotifierState, house: Installation, kind: NotificationType, priority: Priority | None, at_ms: int
) -> PlanFacts:
    """Of a notification of this type that would be made at `at_ms`, and that nobody sees elsewhere."""
    return PlanFacts(
        type=kind,
        priority=priority or kind.priority,
        at_once=kind.at_once,
        now_ms=at_ms,
        since_ms=at_ms,
        preferences=state.kept.preferences,
        zone=state.zone,
        waited=True,
        devices=len(targets(state, house)),
        barred=_barred(state, house),
        pushes=state.kept.pushes,
        configured=house.channels,
    )


def targets(state: NotifierState, house: Installation, mode: str = "show") -> list[DeviceKept]:
    """The devices that a push goes to. Those for calls get nothing else."""
    return [one for one in state.active_devices() if _serves(one, house, mode)]


def _shut(state: NotifierState, house: Installation, mode: str) -> list[DeviceKept]:
    """Those that it would go to, if something did not bar it."""
    there = (one for one in state.kept.devices.values() if one.state != "gone" and one.barred)
    return [one for one in there if _serves(one, house, mode)]


def _serves(device: DeviceKept, house: Installation, mode: str) -> bool:
    return device.service in house.services and (device.platform != "ios_voip" or mode != "show")


def _barred(state: NotifierState, house: Installation, mode: str = "show") -> str:
    """What is to be said of them, where there is no other one."""
    reasons = {one.barred for one in _shut(state, house, mode)}
    if "preference_off" in reasons:
        return "The device's system forbids notifications."
    return "The device has not shown that it holds its token." if reasons else ""


def pushing_service(state: NotifierState, house: Installation, mode: str = "show") -> Service:
    """Who would push to the device that registered last; without a device, browsers' services."""
    newest = max(targets(state, house, mode), key=lambda one: one.at_ms, default=None)
    return "webpush" if newest is None else newest.service


def judged(
    state: NotifierState, house: Installation, item: Item, channel: Channel, plan: ChannelPlan, now_ms: int
) -> Judged:
    """The plan as a note, with what is to be sent because of it."""
    deliveries: list[DeliveryAttempt] = []
    owing: list[Owing] = []
    slot = len(item.deliveries)
    if plan.verdict == "sent" and channel == "push":
        for device in (*targets(state, house, item.mode), *_shut(state, house, item.mode)):
            delivery = _delivery(
                state=state,
                item=item,
                channel=device.service,
                now_ms=now_ms,
                slot=slot + len(deliveries),
                device=device.id,
            )
            if device.barred:
                deliveries.append(msgspec.structs.replace(delivery, state="skipped", reason=device.barred))
                continue
            deliveries.append(delivery)
            owing.append(_push(state=state, house=house, item=item, delivery=delivery, device=device))
    elif plan.verdict == "sent" and channel == "email":
        deliveries.append(_delivery(state=state, item=item, channel="email", now_ms=now_ms, slot=slot, device=""))
        owing.append(_mail(state, item, deliveries[-1]))
    return Judged(
        number=item.number,
        category=item.category,
        place=item.place,
        channel=channel,
        plan=plan,
        deliveries=tuple(deliveries),
        owing=tuple(owing),
        topic=item.topic,
        push=channel == "push" and bool(owing),
    )


def number_in(state: NotifierState, delivery_id: str) -> int | None:
    """The number of the notification that a delivery is of; None: it is none of this person's."""
    packed = seq_in(delivery_id, mark_of(state.id), "dlv")
    return None if packed is None else packed // _SLOTS or None


def in_app_delivery(state: NotifierState, item: Item, now_ms: int) -> DeliveryAttempt:
    """It lies in the inbox."""
    delivery_id = timed_id("dlv", now_ms, item.number * _SLOTS + len(item.deliveries) % _SLOTS, mark_of(state.id))
    return DeliveryAttempt(
        id=delivery_id, channel="in_app", state="accepted", attempts=1, sent_ms=now_ms, accepted_ms=now_ms
    )


def _delivery(
    state: NotifierState, item: Item, channel: Service | str, now_ms: int, slot: int, device: str
) -> DeliveryAttempt:
    delivery_id = timed_id("dlv", now_ms, item.number * _SLOTS + slot % _SLOTS, mark_of(state.id))
    return DeliveryAttempt(id=delivery_id, channel=channel, state="queued", device=device, due_ms=now_ms)  # type: ignore[arg-type] # a service, or email


def _push(
    state: NotifierState, house: Installation, item: Item, delivery: DeliveryAttempt, device: DeviceKept
) -> Owing:
    hurries = item.at_once or item.priority == "critical"
    online_until = 0 if hurries else item.created_ms + int(house.settings.online_wait_s * 1000)
    sending = Sending(
        user=state.id,
        what="push",
        delivery=delivery.id,
        number=item.number,
        device=device.id,
        online_until_ms=online_until,
        sure=hurries,
    )
    urgency: Urgency = "now" if hurries else "soon"
    return Owing(
        key=delivery_key(item.number, delivery.id),
        sending=sending,
        connector=device.service,
        lane=lane_of(device.id),
        deadline_ms=item.expires_ms or delivery.due_ms + _KEPT_BY_SERVICES_MS,
        urgency=urgency,
    )


def _mail(state: NotifierState, item: Item, delivery: DeliveryAttempt) -> Owing:
    sure = item.at_once or TYPES[item.name].email_at_once
    sending = Sending(state.id, "email", delivery.id, item.number, sure=sure)
    return Owing(
        key=delivery_key(item.number, delivery.id),
        sending=sending,
        connector=EMAIL,
        lane=f"mail|{item.topic}",
        deadline_ms=item.expires_ms or None,
        urgency="now" if sure else "soon",
    )


def delivery_key(number: int, delivery_id: str) -> str:
    """The key of the activity that carries a delivery out."""
    return f"dlv|{number}|{delivery_id}"


def lane_of(device_id: str) -> str:
    """What goes to one device goes in order."""
    return f"device|{device_id}"
