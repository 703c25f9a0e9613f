"""What follows from events of emergencies: whoever is asked hears it at once, by socket, push and mail; all others whom
it concerns see how it goes on. None of it belongs to a feature that could be off."""

from typing import Final

import msgspec

from actors.emergencies.emergency.events import EmergencyChanged, Located
from actors.emergencies.records import shown
from actors.kernel.contract.entity import Letter, Recorded
from actors.kernel.contract.reactions import NOTHING, AnyReaction, Owed, Reaction
from actors.notifications.notifier.commands import Tell
from actors.notifications.notifier.subjects import Subject
from actors.notifications.types import CHANNELS
from actors.workflows.inbox import INBOX, event_id, tell

NOTIFIER: Final = "notifier"
_pack: Final = msgspec.msgpack.Encoder().encode


def tell_emergency(entity_id: str, recorded: Recorded[EmergencyChanged]) -> Owed:
    """Whoever is asked to come: `emergency_alert`; everybody else whom it concerns: `emergency_updated`."""
    event = recorded.event
    payload = {"emergency": shown(event.emergency, recorded.seq)}
    told = event_id(entity_id, recorded)
    others = [user for user in event.emergency.concerned if user not in event.asked]
    return Owed(
        [*tell(event.asked, told, "emergency_alert", payload), *tell(others, told, "emergency_updated", payload)]
    )


def tell_located(entity_id: str, recorded: Recorded[Located]) -> Owed:
    """Whoever was asked: `emergency_updated`; where the person is, they see when they look."""
    one = recorded.event.emergency
    payload = {"emergency": shown(one, recorded.seq)}
    return Owed(tell(one.asked, event_id(entity_id, recorded), "emergency_updated", payload))


def notify_emergency(entity_id: str, recorded: Recorded[EmergencyChanged]) -> Owed:
    """Whoever is asked to come, on every device and by mail, past all that holds notifications back; when it is over,
    what was shown is taken back."""
    event, one = recorded.event, recorded.event.emergency
    subject = Subject("emergency", one.id, recorded.seq)
    if one.over:
        return Owed([_told(user, Tell(name="emergency_alert", subject=subject, withdraw=True)) for user in one.asked])
    if not event.asked:
        return NOTHING
    return Owed([_told(user, _alert(event, subject, user)) for user in event.asked])


def _alert(event: EmergencyChanged, subject: Subject, user: str) -> Tell:
    one = event.emergency
    wanted: dict[str, bool] = {
        "in_app": True,
        "push": not event.channels or "push" in event.channels,
        "email": user in event.mailed,
    }
    return Tell(
        name="emergency_alert",
        priority="critical",
        subject=subject,
        values={"emergency_id": one.id, "kind": one.kind},
        link=f"/open/emergency/{one.id}",
        channels=tuple(channel for channel in CHANNELS if wanted[channel]),
        at_once=True,
    )


def _told(user: str, command: Tell) -> Letter:
    return Letter(f"{NOTIFIER}:{user}", _pack(command))


REACTIONS: Final[list[AnyReaction]] = [
    Reaction("tell_emergency", "emergency", EmergencyChanged, tell_emergency, to=(INBOX,)),
    Reaction("tell_located", "emergency", Located, tell_located, to=(INBOX,)),
    Reaction("notify_emergency", "emergency", EmergencyChanged, notify_emergency, to=(NOTIFIER,)),
]
