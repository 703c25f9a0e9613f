"""Letters to the inboxes of people."""

import msgspec

from common.ids import derived_id


class Deliver(msgspec.Struct, frozen=True, tag="deliver"):
    """The command of an inbox, as it travels. One kind never imports another; a test holds the two together."""

    event_id: str
    name: str
    payload: bytes  # a JSON object


def event_id(entity_id: str, seq: int, at_ms: int) -> str:
    """An id made from an event, the same however often it is made; sorts by time."""
    return derived_id("evt", at_ms, f"{entity_id}#{seq}")
