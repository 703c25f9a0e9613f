"""Notifiers as the kernel sees them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from typing_extensions import override

from actors.kernel.contract.activities import Activity, Answered
from actors.kernel.contract.entity import Context, Decision, Effects, Kind, Library, Principal, Recorded
from actors.notifications.activities import Sending
from actors.notifications.notifier.commands import NotifierCommand
from actors.notifications.notifier.entity import Notifier
from actors.notifications.notifier.events import (
    Digested,
    Judged,
    MailOwed,
    MailSettled,
    Notified,
    NotifierEvent,
    Owing,
    TakenBack,
    TrialOwed,
    Withdrawn,
)
from actors.notifications.notifier.items import folding, listing
from actors.notifications.notifier.items.item import Item
from actors.notifications.notifier.rules import judging, mails
from actors.notifications.notifier.rules.facts import Installation
from actors.notifications.notifier.snapshot import NotifierSnapshot
from common.errors import PermissionDenied

_pack: Final = msgspec.msgpack.Encoder().encode
_unpack: Final = msgspec.msgpack.Decoder(NotifierSnapshot).decode
_unpack_mails: Final = msgspec.msgpack.Decoder(dict[str, int]).decode
_sending: Final = msgspec.msgpack.Decoder(Sending).decode
_MAPS: Final = (*range(0x80, 0x90), 0xDE, 0xDF)
"""How a map of msgpack begins: snapshots were one when notifiers only owed mail."""


class NotifierKind(Kind[Notifier, NotifierCommand, NotifierEvent, Item | bytes]):
    """`notifier:<user id>`, or `notifier:<invitation id>` for who has no account yet. Its parts are notifications, by
    number (`"17"`), and addresses of devices (`folding.device_part`)."""

    name = "notifier"
    commands = NotifierCommand
    events = NotifierEvent
    indexes = folding.INDEXES

    def __init__(self, house: Installation) -> None:
        """`house`: what this installation has."""
        self._house = house

    @override
    def create(self, key: str) -> Notifier:
        return Notifier(key, house=self._house)

    @override
    def snapshot(self, entity: Notifier) -> bytes:
        return _pack(entity.kept)

    @override
    def restore(self, key: str, state: bytes) -> Notifier:
        kept = NotifierSnapshot(owed=_unpack_mails(state)) if state[0] in _MAPS else _unpack(state)
        return Notifier(key, kept, house=self._house)

    @override
    def admit(self, entity: Notifier, by: Principal) -> None:
        raise PermissionDenied("Nobody listens to a notifier.")

    @override
    def show(self, entity_id: str, recorded: Recorded[NotifierEvent], part: Item | bytes | None) -> None:
        return None

    @override
    def is_primary(self, event: NotifierEvent) -> bool:
        return isinstance(event, Notified)

    @override
    def needs(self, entity: Notifier, command: Any) -> Sequence[str]:
        return entity.needs(command)

    @override
    def part_of(self, recorded: Recorded[NotifierEvent]) -> str | None:
        return folding.part_of(recorded)

    @override
    def fold(self, part: Item | bytes | None, recorded: Recorded[NotifierEvent]) -> Item | bytes | None:
        return folding.fold(part, recorded)

    @override
    async def fetch(self, entity_id: str, keys: Sequence[str], library: Library) -> Mapping[str, Any]:
        user = entity_id.partition(":")[2]
        items = {folding.view_id(user, int(key)): key for key in keys if key.isdecimal()}
        devices = {f"{user}#{key.partition('|')[2]}": key for key in keys if not key.isdecimal()}
        parts: dict[str, Item | bytes | None] = {}
        if items:
            found = await library.view(folding.NOTIFICATIONS, list(items))
            parts |= {items[id_]: item for id_, view in found.items() if (item := folding.item_in(view)) is not None}
        if devices:
            found = await library.view(folding.DEVICES, list(devices))
            parts |= {devices[view_id]: view.secret for view_id, view in found.items()}
        return parts

    @override
    def answered(self, entity: Notifier, answered: Answered, context: Context) -> Decision:
        return entity.answered(answered, context)

    @override
    def still(self, entity: Notifier, key: str, payload: bytes) -> bool:
        return key.startswith(mails.KEY) or judging.still(entity, _sending(payload))

    @override
    def effects(self, entity_id: str, recorded: Recorded[NotifierEvent], part: Item | bytes | None) -> Effects | None:
        event = recorded.event
        if isinstance(event, MailSettled):
            return Effects(redact=[event.owed])
        if isinstance(event, MailOwed):
            return None if event.secret is None else Effects(activities=[mails.sending(event, event.secret)])
        found = folding.effects(entity_id, recorded, part) or Effects()
        activities = [_activity(one) for one in _owed_by(event)]
        return msgspec.structs.replace(found, activities=activities)

    @override
    async def read(self, query: object, entity_id: str, version: int, library: Library) -> object:
        match query:
            case listing.PageQuery():
                return await listing.page(query, library)
            case listing.PullQuery():
                return await listing.pulled(query, library)
            case listing.OneQuery():
                return await listing.one(query, library)
        return await super().read(query, entity_id, version, library)


def _owed_by(event: NotifierEvent) -> Sequence[Owing]:
    match event:
        case Judged() | TakenBack() | Withdrawn():
            return event.owing
        case Digested() | TrialOwed():
            return [event.owing]
    return ()


def _activity(owing: Owing) -> Activity:
    return Activity(
        connector=owing.connector,
        key=owing.key,
        payload=_pack(owing.sending),
        owner=owing.sending.user,
        lane=owing.lane,
        urgency=owing.urgency,
        deadline_ms=owing.deadline_ms,
        ask=True,
    )
