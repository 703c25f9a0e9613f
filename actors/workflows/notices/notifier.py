"""What follows from events of notifiers: people find what they are told in their mailboxes, and their other sockets
hear what they have read. A device that registers is claimed."""

from typing import Final

import msgspec

from actors.inboxes.commands import Deliver, Whisper
from actors.kernel.contract.entity import Letter, Recorded
from actors.kernel.contract.reactions import NOTHING, AnyReaction, Owed, Reaction
from actors.notifications.device.commands import Claim
from actors.notifications.notifier.answers import wire
from actors.notifications.notifier.events import (
    AllRead,
    CountsTold,
    DeviceRegistered,
    Marked,
    Notified,
    Released,
    SeenOnScreen,
)
from actors.workflows.inbox import INBOX, event_id
from common.clock import to_rfc3339

DEVICE: Final = "device"
_pack: Final = msgspec.msgpack.Encoder().encode
_to_json: Final = msgspec.json.Encoder().encode


def deliver_notification(entity_id: str, recorded: Recorded[Notified]) -> Owed:
    """The person: `notification`, unless it is for later or for other channels."""
    return _delivered(entity_id, recorded)


def deliver_released(entity_id: str, recorded: Recorded[Released]) -> Owed:
    """The person: `notification`, of what was made for later or put off."""
    return _delivered(entity_id, recorded)


def show_marked(entity_id: str, recorded: Recorded[Marked]) -> Owed:
    """The person's other sockets: `notification_updated`."""
    event = recorded.event
    moments = {"seen_at": event.seen_ms, "read_at": event.read_ms, "archived_at": event.archived_ms}
    payload = {name: to_rfc3339(at_ms) if at_ms else None for name, at_ms in moments.items()}
    return _whispered(entity_id, "notification_updated", {"id": event.id} | payload)


def show_seen(entity_id: str, recorded: Recorded[SeenOnScreen]) -> Owed:
    """The person's other sockets: `notification_updated`, of each that one of them has on the screen."""
    event = recorded.event
    moments = {"seen_at": to_rfc3339(event.at_ms), "read_at": None, "archived_at": None}
    told = [_whisper(entity_id, "notification_updated", {"id": id_} | moments) for id_ in event.ids]
    return Owed(told) if told else NOTHING


def show_all_read(entity_id: str, recorded: Recorded[AllRead]) -> Owed:
    """The person's other sockets: `notifications_read`."""
    event = recorded.event
    category = {"category": event.category} if event.category else {}
    return _whispered(entity_id, "notifications_read", {"up_to": event.number} | category | {"unread": event.unread})


def show_counts(entity_id: str, recorded: Recorded[CountsTold]) -> Owed:
    """The person's sockets: `unread`."""
    counts = recorded.event.by_category
    if counts is None:
        return NOTHING
    return _whispered(entity_id, "unread", {"unread": sum(counts.values()), "by_category": counts})


def claim_device(entity_id: str, recorded: Recorded[DeviceRegistered]) -> Owed:
    """The token's own entity, which knows whose it was until now."""
    device = recorded.event.device
    return Owed([Letter(f"{DEVICE}:{device.mark}", _pack(Claim(_user(entity_id))))])


def _delivered(entity_id: str, recorded: Recorded[Notified] | Recorded[Released]) -> Owed:
    event, user = recorded.event, _user(entity_id)
    if event.item.plans["in_app"].verdict != "sent":
        return NOTHING
    item = msgspec.structs.replace(event.item, content=event.secret)
    shown = {"notification": wire(item, seen_ms=None, read_ms=None)}
    command = Deliver(event_id(entity_id, recorded), "notification", b"{}", watch=item.number)
    return Owed([Letter(f"{INBOX}:{user}", _pack(command), _to_json(shown), user)])


def _whispered(entity_id: str, name: str, payload: object) -> Owed:
    return Owed([_whisper(entity_id, name, payload)])


def _whisper(entity_id: str, name: str, payload: object) -> Letter:
    return Letter(f"{INBOX}:{_user(entity_id)}", _pack(Whisper(name, _to_json(payload))))


def _user(entity_id: str) -> str:
    return entity_id.partition(":")[2]


REACTIONS: Final[list[AnyReaction]] = [
    Reaction("deliver_notification", "notifier", Notified, deliver_notification, to=(INBOX,)),
    Reaction("deliver_released", "notifier", Released, deliver_released, to=(INBOX,)),
    Reaction("show_marked", "notifier", Marked, show_marked, to=(INBOX,)),
    Reaction("show_seen", "notifier", SeenOnScreen, show_seen, to=(INBOX,)),
    Reaction("show_all_read", "notifier", AllRead, show_all_read, to=(INBOX,)),
    Reaction("show_counts", "notifier", CountsTold, show_counts, to=(INBOX,)),
    Reaction("claim_device", "notifier", DeviceRegistered, claim_device, to=(DEVICE,)),
]
