"""Ids for what is asked for under a key (an `Idempotency-Key`, a `request_id`): the same each time, and sorted by time.

The key's mark (`mark`) names an entity of the kind that is asked for, which keeps the id that was proposed first and
never becomes anything else. So one command, whoever sends it, both claims a key and finds its id. Before, the mark
itself was the id: what was made so is found under its mark and keeps that id, for it is the one that the key means.
"""

from hashlib import blake2b

import msgspec

from actors.kernel.contract.entity import Command, Decision, Event
from common.ids import to_base32


class AssignedId(msgspec.Struct, frozen=True):
    """The answer. `fresh`: nobody can have used the id before."""

    id: str
    fresh: bool


class AssignId(Command[AssignedId], frozen=True, tag="assign_id"):
    """Which id goes with this key? `proposed`, unless it has one."""

    proposed: str


class IdAssigned(Event, frozen=True, kw_only=True, tag="id_assigned"):
    """The key has this id, for ever."""

    id: str


def mark(prefix: str, *parts: str) -> str:
    """A digest that stands for a key: always the same, and not reversible."""
    digest = blake2b("\n".join(parts).encode(), digest_size=16).digest()
    return f"{prefix}_{to_base32(int.from_bytes(digest), 26)}"


def assign(known: str, command: AssignId) -> Decision:
    """The answer to `AssignId` where `known` is the id that the key has, if any."""
    if known:
        return Decision(AssignedId(known, fresh=False))
    return Decision(AssignedId(command.proposed, fresh=True), events=[IdAssigned(id=command.proposed)])
