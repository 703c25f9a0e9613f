"""What a room writes to the mailboxes of users (`user:<id>`): that somebody else put them in or took them out."""

from collections.abc import Mapping
from typing import Any

import msgspec

from actors.kernel.contract.entity import Letter
from actors.rooms.messages.message_ids import mark_of, timed_id


class Deliver(msgspec.Struct, frozen=True, tag="deliver"):
    """The command of an inbox, as it travels. One kind never imports another; a test holds the two together."""

    event_id: str
    name: str
    payload: bytes  # a JSON object


def letter(room_id: str, user: str, name: str, payload: Mapping[str, Any], *, at_ms: int, seq: int) -> Letter:
    """A letter about the event at `seq`. Its id is made from that event, so that it is the same however often sent."""
    event_id = timed_id("evt", at_ms, seq, mark_of(room_id))
    command = Deliver(event_id, name, msgspec.json.encode(payload))
    return Letter(f"user:{user}", msgspec.msgpack.encode(command))
