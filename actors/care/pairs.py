"""Which relationship of a client and a therapist is the one that may be open: one small entity a pair, so that there
are never two.

`care_pair:<hash of client and therapist>`. Only Carewire itself speaks to it. A claim is made before the relationship
begins; if the claimant dies in between, whoever comes next is told the same id and begins it. It is not told when the
relationship ends: whoever finds it ended claims its place.
"""

from dataclasses import dataclass
from hashlib import blake2b

import msgspec
from typing_extensions import override

from actors.kernel.contract.entity import Command, Context, Decision, Event, Kind, Principal, Recorded
from common.errors import PermissionDenied


class CurrentCare(msgspec.Struct, frozen=True, kw_only=True):
    """The one that a pair may have open."""

    care: str


class ClaimCare(Command[CurrentCare], frozen=True, tag="claim"):
    """It shall be `care`, unless the pair has one; `after` has ended, and does not count."""

    care: str
    after: str = ""


class CareClaimed(Event, frozen=True, kw_only=True, array_like=True, tag="claimed"):
    """It is this one from now on."""

    care: str


def care_pair_id(client: str, therapist: str) -> str:
    """The entity id of a client and a therapist. The other way round they are another pair."""
    return "care_pair:" + blake2b(f"{client}\n{therapist}".encode(), digest_size=16).hexdigest()


@dataclass(slots=True)
class CarePair:
    """`care` is "" until somebody claims one."""

    care: str = ""

    def decide(self, command: ClaimCare, context: Context, version: int) -> Decision:
        """Raises PermissionDenied unless the system asks."""
        if not context.by.is_system:
            raise PermissionDenied("Only Carewire itself may do this.")
        if self.care not in ("", command.after):
            return Decision(CurrentCare(care=self.care))
        return Decision(CurrentCare(care=command.care), events=[CareClaimed(care=command.care)])

    def apply(self, event: CareClaimed, seq: int, at_ms: int) -> None:
        """See `Entity.apply`."""
        self.care = event.care


class CarePairKind(Kind[CarePair, ClaimCare, CareClaimed]):
    """Pairs as the kernel sees them. Nobody listens to one."""

    name = "care_pair"
    commands = ClaimCare
    events = CareClaimed

    @override
    def create(self, key: str) -> CarePair:
        return CarePair()

    @override
    def snapshot(self, entity: CarePair) -> bytes:
        return entity.care.encode()

    @override
    def restore(self, key: str, state: bytes) -> CarePair:
        return CarePair(state.decode())

    @override
    def admit(self, entity: CarePair, by: Principal) -> None:
        raise PermissionDenied("Only Carewire itself may do this.")

    @override
    def show(self, entity_id: str, recorded: Recorded[CareClaimed], part: None) -> None:
        return None
