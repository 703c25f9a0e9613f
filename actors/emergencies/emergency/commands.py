"""What can be asked of an emergency, as it travels from region to shard."""

import msgspec

from actors.emergencies.ladders import Rung
from actors.emergencies.records import Distress, Location, ShownEmergency
from actors.kernel.contract.entity import Command
from actors.kernel.contract.versions import Versions


class Cry(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody said, and where they are: sealed wherever it lies."""

    message: str = ""
    location: Location | None = None


class Raise(Command[ShownEmergency], frozen=True, kw_only=True, tag="raise"):
    """`user` needs help. While the emergency is open it joins it, and the graver `kind` counts.

    `by` raised it ("": Carewire itself). `rungs` is the ladder, `known` who stands on each rung by now; without them
    both are looked up. `secret` is a packed `Cry`.
    """

    user: str
    kind: Distress
    by: str = ""
    rungs: tuple[Rung, ...] = ()
    known: tuple[tuple[str, ...], ...] = ()
    secret: bytes | None = None


class GetEmergency(Command[ShownEmergency], frozen=True, tag="get"):
    """The emergency, with what was said, and to those who were asked also where, while it is open."""


class AcknowledgeEmergency(Command[ShownEmergency], frozen=True, tag="acknowledge"):
    """I am on it. The first one has it. Idempotent."""

    versions: Versions = msgspec.UNSET


class HandOff(Command[ShownEmergency], frozen=True, tag="hand_off"):
    """`to` shall have it. Until they acknowledge it stays with who hands it over."""

    to: str
    versions: Versions = msgspec.UNSET


class Resolve(Command[ShownEmergency], frozen=True, kw_only=True, tag="resolve"):
    """It is over. `secret` is a note."""

    secret: bytes | None = None
    versions: Versions = msgspec.UNSET


class CancelEmergency(Command[ShownEmergency], frozen=True, tag="cancel"):
    """Help is not needed after all."""

    versions: Versions = msgspec.UNSET


class ForgetPerson(Command[None], frozen=True, tag="forget_person"):
    """`user` is being erased. Idempotent."""

    user: str


class NextRung(Command[None], frozen=True, tag="next_rung"):
    """A timer: nobody has acknowledged since `step`."""

    step: int


class StopLooking(Command[None], frozen=True, tag="stop_looking"):
    """A timer: the people of the rung of `step` have not been found."""

    step: int


class TakeBack(Command[None], frozen=True, tag="take_back"):
    """A timer: who it was handed over to at `step` has not acknowledged."""

    step: int


class RaiseAgain(Command[None], frozen=True, tag="raise_again"):
    """A timer: it was acknowledged at `step`, and is not resolved."""

    step: int


class GiveUp(Command[None], frozen=True, tag="give_up"):
    """A timer: nobody has answered since it was raised for the `raising`th time."""

    raising: int


class ForgetLocation(Command[None], frozen=True, tag="forget_location"):
    """A timer: it has been over since `ended` (ms)."""

    ended: int


EmergencyCommand = (
    Raise
    | GetEmergency
    | AcknowledgeEmergency
    | HandOff
    | Resolve
    | CancelEmergency
    | ForgetPerson
    | NextRung
    | StopLooking
    | TakeBack
    | RaiseAgain
    | GiveUp
    | ForgetLocation
)
