"""Letters to the mailboxes of people (`user:<id>`)."""

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from actors.inboxes.commands import Deliver, LetterItem
from actors.kernel.contract.entity import Letter, Recorded
from common.ids import derived_id

INBOX: Final = "user"
_pack: Final = msgspec.msgpack.Encoder().encode
_to_json: Final = msgspec.json.Encoder().encode


def tell(
    users: Iterable[str],
    event_id: str,
    name: str,
    payload: Mapping[str, object] | msgspec.Struct,
    *,
    also: tuple[LetterItem, ...] = (),
) -> list[Letter]:
    """The same letter to each of them. `event_id` is made from the event, so that it is the same however often sent."""
    command = _pack(Deliver(event_id, name, _to_json(payload), also=also))
    return [Letter(f"{INBOX}:{user}", command) for user in users]


def item(event_id: str, name: str, payload: Mapping[str, object] | msgspec.Struct) -> LetterItem:
    """What a letter tells besides."""
    return LetterItem(event_id, name, _to_json(payload))


def event_id(entity_id: str, recorded: Recorded[object], beside: str = "") -> str:
    """An id made from an event, the same however often it is made; sorts by time. `beside`: of what else the same
    people are told because of it."""
    more = f"#{beside}" if beside else ""
    return derived_id("evt", recorded.at_ms, f"{entity_id}#{recorded.seq}{more}")
