"""What can be asked of whoever knows which emergency of a person is open. Only Carewire itself asks."""

import msgspec

from actors.emergencies.records import Distress
from actors.kernel.contract.entity import Command


class CurrentEmergency(msgspec.Struct, frozen=True, kw_only=True):
    """The one that a person has open."""

    emergency: str


class ClaimEmergency(Command[CurrentEmergency], frozen=True, tag="claim"):
    """It shall be `emergency`, unless one is open; `after` is over, and does not count."""

    emergency: str
    after: str = ""


class EmergencyOver(Command[None], frozen=True, tag="over"):
    """A letter: this one is over."""

    emergency: str


class CryForHelp(Command[None], frozen=True, kw_only=True, tag="cry"):
    """A letter, from what screens or measures: the person of this entity needs help. `emergency` is a new id, made of
    what the letter follows from. `secret` is a packed `actors.emergencies.emergency.commands.Cry`."""

    emergency: str
    kind: Distress
    secret: bytes | None = None


DistressCommand = ClaimEmergency | EmergencyOver | CryForHelp
