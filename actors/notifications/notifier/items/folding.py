"""A notification as its events leave it: how parts are folded, and the read models that hold them."""

from typing import Any, Final

import msgspec

from actors.kernel.contract.entity import Effects, Recorded
from actors.notifications.notifier.events import (
    DeliveriesChanged,
    DeviceEnded,
    DeviceRegistered,
    Judged,
    Marked,
    Notified,
    NotifierEvent,
    Released,
    Replaced,
)
from actors.notifications.notifier.items.figures import figures_of
from actors.notifications.notifier.items.item import Item
from common.timeline import DAY_MS
from store.ports.views import Index, Scalar, View

NOTIFICATIONS: Final = "notifications"
DEVICES: Final = "push_devices"
INDEXES: Final = (
    Index(NOTIFICATIONS, ("user", "archived", "number")),
    Index(NOTIFICATIONS, ("user", "archived", "category", "number")),
    Index(NOTIFICATIONS, ("user", "archived", "type", "number")),
    Index(NOTIFICATIONS, ("notification",)),  # whose it is
    Index(NOTIFICATIONS, ("day",)),
    Index(NOTIFICATIONS, ("held",), positive=True),
)
_OF_AN_ITEM: Final = (Replaced, Judged, DeliveriesChanged, Marked)
_pack: Final = msgspec.msgpack.Encoder().encode
_unpack: Final = msgspec.msgpack.Decoder(Item).decode


def part_of(recorded: Recorded[NotifierEvent]) -> str | None:
    """The key of the part: a notification by its number, the address of a device by its id."""
    event = recorded.event
    if isinstance(event, Notified | Released):
        return str(event.item.number)
    if isinstance(event, _OF_AN_ITEM):
        return str(event.number)
    return device_part(event.device.id) if isinstance(event, DeviceRegistered | DeviceEnded) else None


def device_part(device_id: str) -> str:
    """The key of the part that holds the address of a device."""
    return f"device|{device_id}"


def fold(part: Item | bytes | None, recorded: Recorded[NotifierEvent]) -> Item | bytes | None:
    """The part with this event in it."""
    event = recorded.event
    match event:
        case Notified() | Released():
            return msgspec.structs.replace(event.item, content=event.secret)
        case DeviceRegistered():
            return event.secret
        case DeviceEnded():
            return None
        case Replaced() | Judged() | DeliveriesChanged() | Marked():
            return _changed(part, event) if isinstance(part, Item) else None
    return part


def _changed(item: Item, event: Replaced | Judged | DeliveriesChanged | Marked) -> Item:
    revision = item.revision + 1
    match event:
        case Replaced():
            return msgspec.structs.replace(item, revision=revision, replaced_by=event.by)
        case Judged():
            return msgspec.structs.replace(
                item,
                revision=revision,
                plans=item.plans | {event.channel: event.plan},
                deliveries=(*item.deliveries, *event.deliveries),
            )
        case DeliveriesChanged():
            now = {one.id: one for one in event.deliveries}
            plans = item.plans if event.plan is None else item.plans | {event.channel: event.plan}
            deliveries = tuple(now.get(one.id, one) for one in item.deliveries)
            return msgspec.structs.replace(item, revision=revision, plans=plans, deliveries=deliveries)
        case Marked():
            return msgspec.structs.replace(
                item,
                revision=revision,
                chose="read" if event.how == "archived" else event.how,
                chose_ms=event.read_ms or event.at_ms,
                archived_ms=event.archived_ms,
                later_ms=event.until_ms if event.how == "snoozed" else 0,
            )


def effects(entity_id: str, recorded: Recorded[NotifierEvent], part: Any) -> Effects | None:
    """Read models, and addresses that are forgotten."""
    event, user = recorded.event, entity_id.partition(":")[2]
    if isinstance(event, DeviceRegistered):
        view = View(
            collection=DEVICES,
            id=f"{user}#{event.device.id}",
            version=recorded.seq,
            fields={"user": user},
            data=b"",
            secret=event.secret,
        )
        return Effects(views=[view], owner=user, redact=[event.former] if event.former else [])
    if isinstance(event, DeviceEnded):
        view = View(DEVICES, f"{user}#{event.device.id}", recorded.seq, {"user": user})
        return Effects(views=[view], redact=[event.device.registered] if event.device.registered else [])
    return Effects(views=[view_of(user, part)], owner=user) if isinstance(part, Item) else None


def view_of(user: str, item: Item) -> View:
    """The notification in its read model: its words apart, to be sealed under the person's key. What was replaced is in
    no list; its archive is `gone`. `held`: since when (ms) something of it is held back; 0: nothing is."""
    archived = "gone" if item.replaced_by else "yes" if item.archived_ms else "no"
    fields: dict[str, Scalar] = {
        "user": user,
        "number": item.number,
        "category": item.category,
        "type": item.name,
        "notification": item.id,
        "archived": archived,
        "day": item.created_ms // DAY_MS,
        "fared": figures_of(item),
        "held": _held_since(item),
    }
    data = _pack(msgspec.structs.replace(item, content=None))
    return View(
        collection=NOTIFICATIONS,
        id=view_id(user, item.number),
        version=item.revision,
        fields=fields,
        data=data,
        secret=item.content,
    )


def _held_since(item: Item) -> int:
    """What was made for later, or put off, is not told yet: nothing holds it back."""
    is_held = any(plan.verdict == "held" for plan in item.plans.values())
    return item.created_ms if is_held and not item.replaced_by and not item.later_ms else 0


def view_id(user: str, number: int) -> str:
    """Where the notification is."""
    return f"{user}#{number}"


def item_in(view: View) -> Item:
    """The inverse of `view_of`, with the words opened by whoever read the view."""
    return msgspec.structs.replace(_unpack(view.data), content=view.secret)
