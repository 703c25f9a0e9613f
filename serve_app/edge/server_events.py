"""What the server emits, declared beside the operations that bring it about; documents are made of it."""

from collections.abc import Iterable, Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any

import msgspec


class Payload(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Base of what an event carries. A member with a default may be missing."""


class Addressed(Payload, frozen=True, kw_only=True):
    """Base of what is addressed to one user: it lies in their inbox, numbered, until they say it was seen."""

    event_id: str
    inbox_seq: int


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """An event that sockets hear.

    `payload`: its type. `audience`: who hears it, in words ("every socket that has joined the room").
    """

    name: str
    payload: type[msgspec.Struct]
    audience: str
    _: KW_ONLY
    description: str = ""
    example: Mapping[str, Any] | None = None


def by_name(events: Iterable[ServerEvent]) -> dict[str, ServerEvent]:
    """The declarations by the event's name.

    Raises:
        LookupError: two declare one event.
    """
    table: dict[str, ServerEvent] = {}
    for event in events:
        if event.name in table:
            raise LookupError(f"event {event.name!r} is declared twice")
        table[event.name] = event
    return table
