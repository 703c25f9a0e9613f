"""Answers and deliveries as they travel: made of errors, events and signals."""

from typing import Final, TypedDict

import msgspec

from actors.kernel.contract import protocol
from actors.kernel.contract.entity import Shown, Signal, packet_of
from common.errors import CarewireError

INTERNAL: Final = CarewireError("Something went wrong on our side. Please try again.")


class _Apart(TypedDict):
    skip: str
    skip_also: tuple[str, ...]
    instead: dict[str, bytes]
    only: str
    attachments: tuple[bytes, ...]


class Reply(msgspec.Struct, frozen=True):
    """The answer of an entity. `data` is JSON; `version` is the entity's version that it reflects."""

    data: bytes
    version: int
    duplicate: bool


def failure(correlation_id: int, error: CarewireError, version: int) -> protocol.ItemAnswer:
    """The answer that carries an error."""
    details = b"" if error.details is None else msgspec.json.encode(error.details)
    return protocol.ItemAnswer(
        correlation_id=correlation_id,
        code=error.code,
        version=version,
        message=error.message,
        retry_after_s=error.retry_after_s,
        details=details,
    )


def delivery(entity_id: str, version: int, shown: Shown, at_ms: int) -> protocol.TopicDelivery:
    """The delivery of an event to its listeners."""
    packet = packet_of(shown.name, shown.payload)
    if not (shown.skip or shown.instead or shown.only or shown.attachments):
        return protocol.TopicDelivery(topic=entity_id, version=version, packet=packet, at_ms=at_ms, evict=shown.evict)
    return protocol.TopicDelivery(
        topic=entity_id,
        version=version,
        packet=packet,
        at_ms=at_ms,
        evict=shown.evict,
        **_apart(shown),
    )


def signal_delivery(entity_id: str, signal: Signal, at_ms: int) -> protocol.TopicDelivery:
    """The delivery of an ephemeral event to its listeners."""
    return protocol.TopicDelivery(
        topic=entity_id,
        version=0,
        packet=packet_of(signal.name, signal.payload),
        at_ms=at_ms,
        key=signal.key,
        ttl_s=signal.ttl_s,
        lapse=packet_of(signal.lapse, signal.payload) if signal.lapse else b"",
        **_apart(signal),
    )


def _apart(said: Shown | Signal) -> _Apart:
    """The users who get something else than the others."""
    skip, *others = said.skip or ("",)
    return {
        "skip": skip,
        "skip_also": tuple(others),
        "instead": dict(said.instead),
        "only": said.only,
        "attachments": said.attachments,
    }
