"""Blocks of messages that stand for a bill: as rooms tell of them, which carry nothing else of bills."""

import msgspec

from actors.kernel.contract.entity import Command


class BillCard(msgspec.Struct, frozen=True, array_like=True):
    """A block of a message that stands for the bill."""

    room: str
    message: str
    block: str


class PlaceBillCard(Command[None], frozen=True, tag="place_card"):
    """A letter of a room: this block stands for it. Whoever posted it could read the bill."""

    card: BillCard
