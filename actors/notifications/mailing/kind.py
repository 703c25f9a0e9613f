"""Mailings as the kernel sees them."""

import msgspec
from typing_extensions import override

from actors.kernel.contract.activities import Activity, Answered
from actors.kernel.contract.entity import Context, Decision, Effects, Kind, Letter, Principal, Recorded
from actors.notifications.activities import MAIL_FATES, MailFate, MailOutcome
from actors.notifications.mailing.commands import MailingCommand
from actors.notifications.mailing.entity import Mailing, traced
from actors.notifications.mailing.events import FateTold, MailingEvent
from common.errors import PermissionDenied

_pack = msgspec.msgpack.Encoder().encode


class _Handed(msgspec.Struct, frozen=True, tag="handed"):
    """Kinds do not import each other: this is `actors.arrivals.commands.NoteHandedOver`."""


class MailingKind(Kind[Mailing, MailingCommand, MailingEvent]):
    """`mailing:<activity>`."""

    name = "mailing"
    commands = MailingCommand
    events = MailingEvent

    @override
    def create(self, key: str) -> Mailing:
        return Mailing()

    @override
    def snapshot(self, entity: Mailing) -> bytes:
        return _pack(sorted(entity.told))

    @override
    def restore(self, key: str, state: bytes) -> Mailing:
        return Mailing(frozenset(msgspec.msgpack.decode(state, type=list[MailFate])))

    @override
    def admit(self, entity: Mailing, by: Principal) -> None:
        raise PermissionDenied("Nobody listens to a mailing.")

    @override
    def show(self, entity_id: str, recorded: Recorded[MailingEvent], part: None) -> None:
        return None

    @override
    def answered(self, entity: Mailing, answered: Answered, context: Context) -> Decision:
        return traced(answered.key, answered.result) if answered.outcome == "done" else Decision()

    @override
    def effects(self, entity_id: str, recorded: Recorded[MailingEvent], part: None) -> Effects | None:
        event = recorded.event
        if not isinstance(event, FateTold):
            return None
        handed = Letter(event.arrival, _pack(_Handed()))
        if not event.first:
            return Effects(letters=[handed])
        outcome = MailOutcome(mail=entity_id.partition(":")[2], fate=event.fate, provider=event.provider)
        activity = Activity(connector=MAIL_FATES, key=event.fate, payload=_pack(outcome))
        return Effects(letters=[handed], activities=[activity])
