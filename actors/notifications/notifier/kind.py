"""Notifiers as the kernel sees them."""

import msgspec
from typing_extensions import override

from actors.kernel.contract.activities import Activity, Answered
from actors.kernel.contract.entity import Context, Decision, Effects, Kind, Principal, Recorded
from actors.notifications.activities import EMAIL
from actors.notifications.notifier.commands import NotifierCommand
from actors.notifications.notifier.entity import Notifier, activity_key
from actors.notifications.notifier.events import MailOwed, MailSettled, NotifierEvent
from common.errors import PermissionDenied


class NotifierKind(Kind[Notifier, NotifierCommand, NotifierEvent]):
    """`notifier:<user id>`, or `notifier:<invitation id>` for who has no account yet."""

    name = "notifier"
    commands = NotifierCommand
    events = NotifierEvent

    @override
    def create(self, key: str) -> Notifier:
        return Notifier(key)

    @override
    def snapshot(self, entity: Notifier) -> bytes:
        return msgspec.msgpack.encode(entity.owed)

    @override
    def restore(self, key: str, state: bytes) -> Notifier:
        return Notifier(key, msgspec.msgpack.decode(state, type=dict[str, int]))

    @override
    def admit(self, entity: Notifier, by: Principal) -> None:
        raise PermissionDenied("Nobody listens to a notifier.")

    @override
    def show(self, entity_id: str, recorded: Recorded[NotifierEvent], part: None) -> None:
        return None

    @override
    def answered(self, entity: Notifier, answered: Answered, context: Context) -> Decision:
        return entity.answered(answered)

    @override
    def effects(self, entity_id: str, recorded: Recorded[NotifierEvent], part: None) -> Effects | None:
        event = recorded.event
        if isinstance(event, MailSettled):
            return Effects(redact=[event.owed])
        if event.secret is None:
            return None
        return Effects(activities=[_sending(event, event.secret)])


def _sending(event: MailOwed, mail: bytes) -> Activity:
    return Activity(
        connector=EMAIL,
        key=activity_key(event.mail_id),
        payload=mail,
        owner=event.author,
        urgency=event.urgency,
        deadline_ms=event.deadline_ms,
    )
