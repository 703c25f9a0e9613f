"""Which room is the direct room of two users, and which their conversation: one small entity a pair and relation, so
that there is never a second one.

`pair:<hash of the two ids, sorted, and of the relation, if there is one>`. Only Carewire itself speaks to it. A claim
is made before the room is created; if the claimant dies in between, whoever of the two comes next is told the same room
id and creates it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import assert_never

from typing_extensions import override

from actors.kernel.contract.entity import Command, Context, Decision, Event, Kind, Principal, Recorded
from actors.rooms.room.wire import Done, RoomAnswer
from common.errors import PermissionDenied


class PairRoom(RoomAnswer, frozen=True, kw_only=True):
    """The direct room of a pair."""

    room_id: str


class ClaimPair(Command[PairRoom], frozen=True, tag="claim"):
    """The direct room of this pair shall be `room_id`, unless it has one; "": it shall only be said which one it is."""

    room_id: str


class Release(Command[Done], frozen=True, tag="release"):
    """`room_id` turned out to be another room: if it is this pair's, it is so no more."""

    room_id: str


PairCommand = ClaimPair | Release


class Claimed(Event, frozen=True, kw_only=True, array_like=True, tag="claimed"):
    """The pair has a room id."""

    room_id: str


class PairReleased(Event, frozen=True, kw_only=True, array_like=True, tag="released"):
    """The pair has none any more."""


def pair_id(users: Iterable[str], relation: str = "") -> str:
    """The entity id of two users' pair, in whichever order they are named. `relation`: of their conversation; "": of
    their direct room."""
    named = [*sorted(users), *([relation] if relation else [])]
    return "pair:" + blake2b("\n".join(named).encode(), digest_size=16).hexdigest()


@dataclass(slots=True)
class Pair:
    """`room_id` is "" until somebody claims one."""

    room_id: str = ""

    def decide(self, command: PairCommand, context: Context, version: int) -> Decision:
        """Raises PermissionDenied unless the system asks."""
        if not context.by.is_system:
            raise PermissionDenied("Only Carewire itself may do this.")
        match command:
            case ClaimPair():
                return self._claim(command.room_id)
            case Release():
                return Decision(Done(), events=[PairReleased()] if command.room_id == self.room_id else ())
        assert_never(command)

    def _claim(self, room_id: str) -> Decision:
        if self.room_id or not room_id:
            return Decision(PairRoom(room_id=self.room_id))
        return Decision(PairRoom(room_id=room_id), events=[Claimed(room_id=room_id)])

    def apply(self, event: Claimed | PairReleased, seq: int, at_ms: int) -> None:
        """See `Entity.apply`."""
        self.room_id = event.room_id if isinstance(event, Claimed) else ""


class PairKind(Kind[Pair, PairCommand, Claimed | PairReleased]):
    """Pairs as the kernel sees them. Nobody listens to one."""

    name = "pair"
    commands = PairCommand
    events = Claimed | PairReleased

    @override
    def create(self, key: str) -> Pair:
        return Pair()

    @override
    def snapshot(self, entity: Pair) -> bytes:
        return entity.room_id.encode()

    @override
    def restore(self, key: str, state: bytes) -> Pair:
        return Pair(state.decode())

    @override
    def admit(self, entity: Pair, by: Principal) -> None:
        raise PermissionDenied("Only Carewire itself may do this.")

    @override
    def show(self, entity_id: str, recorded: Recorded[Claimed | PairReleased], part: None) -> None:
        return None
