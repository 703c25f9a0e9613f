"""A ladder as it was last set: `ladder:default`, or that of a therapist, `ladder:<user>`. Emergencies that are open
keep the one that they were raised with."""

from dataclasses import dataclass
from typing import Final, assert_never

import msgspec
from typing_extensions import override

from actors.emergencies.ladders import DEFAULT, STANDARD, Ladder, check
from actors.kernel.contract.entity import Command, Context, Decision, Event, Kind, Principal, Recorded
from common.errors import NotFound, PermissionDenied
from common.policy import POLICY, Relation

_pack: Final = msgspec.msgpack.Encoder().encode
_state: Final = msgspec.msgpack.Decoder(Ladder | None).decode


class SetLadder(Command[Ladder], frozen=True, tag="set"):
    """Shall be like this from now on. Idempotent."""

    ladder: Ladder


class GetLadder(Command[Ladder], frozen=True, tag="get"):
    """As it is."""


class LadderSet(Event, frozen=True, kw_only=True, array_like=True, tag="set"):
    """Is like this."""

    ladder: Ladder
    by: str


LadderCommand = SetLadder | GetLadder


@dataclass(slots=True)
class LadderEntity:
    """`ladder` is None until somebody sets it."""

    id: str
    ladder: Ladder | None = None

    def decide(self, command: LadderCommand, context: Context, version: int) -> Decision:
        """See `Entity.decide`.

        Raises:
            PermissionDenied: neither an administrator, nor the therapist whose it is.
            NotFound: this therapist has none of their own.
            InvalidArgument: see `ladders.check`.
        """
        match command:
            case GetLadder():
                self._require(context.by, "ladder.read")
                return Decision(self._current())
            case SetLadder():
                self._require(context.by, "ladder.set")
                check(command.ladder)
                if command.ladder == self.ladder:
                    return Decision(command.ladder)
                return Decision(command.ladder, events=[LadderSet(ladder=command.ladder, by=context.by.user)])
        assert_never(command)

    def apply(self, event: LadderSet, seq: int, at_ms: int) -> None:
        """See `Entity.apply`."""
        self.ladder = event.ladder

    def _current(self) -> Ladder:
        if self.ladder is not None:
            return self.ladder
        if self.id == DEFAULT:
            return STANDARD
        raise NotFound("This therapist has no ladder of their own; the default one counts.")

    def _require(self, by: Principal, action: str) -> None:
        if by.is_system:
            return
        relation = Relation.OWNER if by.user == self.id else Relation.NONE
        if not POLICY.allows(by.role, relation, action):
            raise PermissionDenied("Only administrators, and the therapist whose ladder it is.", action=action)


class LadderKind(Kind[LadderEntity, LadderCommand, LadderSet]):
    """Ladders as the kernel sees them. Nobody listens to one."""

    name = "ladder"
    commands = LadderCommand
    events = LadderSet

    @override
    def create(self, key: str) -> LadderEntity:
        return LadderEntity(key)

    @override
    def snapshot(self, entity: LadderEntity) -> bytes:
        return _pack(entity.ladder)

    @override
    def restore(self, key: str, state: bytes) -> LadderEntity:
        return LadderEntity(key, _state(state))

    @override
    def admit(self, entity: LadderEntity, by: Principal) -> None:
        raise PermissionDenied("Nobody listens to a ladder.")

    @override
    def show(self, entity_id: str, recorded: Recorded[LadderSet], part: None) -> None:
        return None
