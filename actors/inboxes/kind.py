"""Mailboxes as the kernel sees them."""

from typing import Any, Final

import msgspec
from typing_extensions import override

from actors.inboxes.commands import InboxCommand
from actors.inboxes.inbox import Inbox, InboxContents, InboxDelivered, Seen
from actors.inboxes.replies import InboxEvent, InboxPage
from actors.kernel.contract.entity import Kind, Library, Principal, Recorded, Shown

_to_json: Final = msgspec.json.Encoder().encode
_pack: Final = msgspec.msgpack.Encoder().encode
_watched: Final = msgspec.msgpack.Decoder(dict[int, int]).decode
_unpack: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class InboxKind(Kind[Inbox, InboxCommand, InboxDelivered | Seen]):
    """`user:<user id>`. Every user has one, from the first letter or the first look."""

    name = "user"
    commands = InboxCommand
    events = InboxDelivered | Seen

    @override
    def create(self, key: str) -> Inbox:
        return Inbox(key)

    @override
    def snapshot(self, entity: Inbox) -> bytes:
        seen = str(entity.seen).encode()
        return seen + b" " + _pack(entity.watched) if entity.watched else seen

    @override
    def restore(self, key: str, state: bytes) -> Inbox:
        seen, _, watched = state.partition(b" ")
        return Inbox(key, int(seen), _watched(watched) if watched else {})

    @override
    def admit(self, entity: Inbox, by: Principal) -> None:
        entity.admit(by.user)

    @override
    def show(self, entity_id: str, recorded: Recorded[InboxDelivered | Seen], part: None) -> Shown | None:
        """The event under its own name, its payload with `event_id` and `inbox_seq`. That it was seen is not shown."""
        event = recorded.event
        return Shown(event.name, _payload(event, recorded.seq)) if isinstance(event, InboxDelivered) else None

    @override
    async def read(self, query: object, entity_id: str, version: int, library: Library) -> object:
        if not isinstance(query, InboxContents):
            return await super().read(query, entity_id, version, library)
        found = await library.after(entity_id, query.after, upto=version, limit=query.limit + 1)
        page = found[: query.limit]
        events = [InboxEvent(event=one.event.name, data=msgspec.Raw(_payload(one.event, one.seq))) for one in page]
        return InboxPage(events=events, inbox_seq=version, seen=query.seen, has_more=len(found) > query.limit)

    @override
    def gap(self, entity_id: str, first: int, last: int) -> Shown:
        """What was too much to send again: read it page by page."""
        return Shown("gap", _to_json({"room_id": None, "inbox": True, "from": first, "to": last}))


def _payload(event: InboxDelivered, seq: int) -> bytes:
    """The payload with two more members. When the user's key was erased: only those two."""
    payload: dict[str, Any] = {} if event.secret is None else dict(_unpack(event.secret))
    return _to_json(payload | {"event_id": event.event_id, "inbox_seq": seq})
