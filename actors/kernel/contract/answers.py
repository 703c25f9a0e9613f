"""Answers and deliveries as they travel: made of errors, events and signals."""

from typing import Final

import msgspec

from actors.kernel.contract import protocol
from actors.kernel.contract.entity import Shown, Signal
from common.errors import CarewireError

INTERNAL: Final = CarewireError("Something went wrong on our side. Please try again.")


class Reply(msgspec.Struct, frozen=True):
    """What an entity answered. `data` is JSON; `version` is the entity's version that it reflects."""

    data: bytes
    version: int
    duplicate: bool


def failure(correlation_id: int, error: CarewireError, version: int) -> protocol.Answer:
    """The answer that carries an error."""
    details = b"" if error.details is None else msgspec.json.encode(error.details)
    return protocol.Answer(
        correlation_id,
        error.code,
        version=version,
        message=error.message,
        retry_after_s=error.retry_after_s,
        details=details,
    )


def delivery(entity_id: str, version: int, shown: Shown, at_ms: int) -> protocol.Delivery:
    """What listeners get of an event."""
    packet = b'["%b",%b]' % (shown.name.encode(), shown.payload)
    return protocol.Delivery(entity_id, version, packet, at_ms, shown.evict, shown.skip)


def signal_delivery(entity_id: str, signal: Signal, at_ms: int) -> protocol.Delivery:
    """What listeners get of an ephemeral event."""
    packet = b'["%b",%b]' % (signal.name.encode(), signal.payload)
    lapse = b'["%b",%b]' % (signal.lapse.encode(), signal.payload) if signal.lapse else b""
    return protocol.Delivery(entity_id, 0, packet, at_ms, "", signal.skip, signal.key, signal.ttl_s, lapse)
