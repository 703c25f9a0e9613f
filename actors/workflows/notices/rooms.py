"""What people are told of rooms while they do not look: how much they have not read, never what."""

from typing import Final

from actors.kernel.contract.entity import Recorded
from actors.kernel.contract.reactions import AnyReaction, Owed, Reaction
from actors.notifications.notifier.commands import Tell
from actors.notifications.notifier.subjects import Subject
from actors.rooms.marks.acks import MOST_ROUNDS
from actors.rooms.marks.events import Acknowledged
from actors.rooms.room.events import AckAsked, CaughtUp, Mentioned, Named, UnreadAnnounced
from actors.rooms.room.outcome import room_id_of
from actors.workflows.notify import FEATURE, NOTIFIER, told

_TYPE: Final = "chat_message"
_MENTION: Final = "message_mention"
_ACK: Final = "message_ack_requested"


def notify_unseen(entity_id: str, recorded: Recorded[UnreadAnnounced]) -> Owed:
    """Members who have not read along: how many messages there are. A later word about the room replaces it."""
    event, room = recorded.event, room_id_of(entity_id)
    letters = [
        letter
        for one in event.unseen
        for letter in told((one.user,), _tell(room, event.upto, count=one.count, sender=one.sender))
    ]
    return Owed(letters)


def notify_named(entity_id: str, recorded: Recorded[Named]) -> Owed:
    """Whoever was answered, at once."""
    event = recorded.event
    sender = "" if event.anonymous else event.author
    return Owed(told((event.user,), _tell(room_id_of(entity_id), event.upto, sender=sender, named=True)))


def withdraw_read(entity_id: str, recorded: Recorded[CaughtUp]) -> Owed:
    """Whoever has read on: what they were told of the room is taken back."""
    event = recorded.event
    withdrawn = Tell(name=_TYPE, subject=Subject("room", room_id_of(entity_id), event.upto), withdraw=True)
    return Owed(told((event.author,), withdrawn))


def _tell(room: str, upto: int, *, count: int = 1, sender: str = "", named: bool = False) -> Tell:
    return Tell(name=_TYPE, subject=Subject("room", room, upto), count=count, sender=sender, room=room, named=named)


def notify_mentioned(entity_id: str, recorded: Recorded[Mentioned]) -> Owed:
    """Everybody who is meant by a message, at once."""
    event, room = recorded.event, room_id_of(entity_id)
    subject = Subject(_MENTION, event.message_id)
    meant = Tell(name=_MENTION, subject=subject, sender=event.author, room=room, named=True)
    return Owed(told(event.users, meant))


def notify_ack_asked(entity_id: str, recorded: Recorded[AckAsked]) -> Owed:
    """Everybody who is asked to acknowledge a message; again, while it is urgent and they have not."""
    event, room = recorded.event, room_id_of(entity_id)
    asked = Tell(
        name=_ACK,
        priority="high" if event.urgent else None,
        subject=Subject(_ACK, event.message_id, event.round),
        sender=event.author,
        room=room,
        named=True,
        at_once=event.urgent,
    )
    return Owed(told(event.users, asked))


def withdraw_acknowledged(entity_id: str, recorded: Recorded[Acknowledged]) -> Owed:
    """Whoever has acknowledged it: that they were asked to is taken back."""
    event = recorded.event
    withdrawn = Tell(name=_ACK, subject=Subject(_ACK, event.message_id, MOST_ROUNDS + 1), withdraw=True)
    return Owed(told((event.author,), withdrawn))


REACTIONS: Final[list[AnyReaction]] = [
    Reaction("notify_unseen", "room", UnreadAnnounced, notify_unseen, to=(NOTIFIER,), feature=FEATURE),
    Reaction("notify_named", "room", Named, notify_named, to=(NOTIFIER,), feature=FEATURE),
    Reaction("notify_mentioned", "room", Mentioned, notify_mentioned, to=(NOTIFIER,), feature=FEATURE),
    Reaction("notify_ack_asked", "room", AckAsked, notify_ack_asked, to=(NOTIFIER,), feature=FEATURE),
    Reaction("withdraw_acknowledged", "room", Acknowledged, withdraw_acknowledged, to=(NOTIFIER,), feature=FEATURE),
    Reaction("withdraw_read", "room", CaughtUp, withdraw_read, to=(NOTIFIER,), feature=FEATURE),
]
