"""The rules of a shield."""

from dataclasses import dataclass, field
from typing import Final, assert_never

import msgspec

from actors.kernel.contract.entity import Context, Decision
from actors.moderation.records import Scope
from actors.moderation.shield.commands import (
    Block,
    ForgetShield,
    JoinDanger,
    Lift,
    ListBlocks,
    LookedAt,
    Restrict,
    ScreenRefusal,
    ShieldCommand,
    Unblock,
)
from actors.moderation.shield.events import (
    Blocked,
    InDanger,
    Lifted,
    RefusalScreened,
    Restricted,
    ShieldDropped,
    ShieldEvent,
    Unblocked,
    WritingRefused,
)
from actors.moderation.shield.replies import BlockedPerson, BlockList, DangerCase
from actors.moderation.showing import ShownRestriction
from common.clock import to_rfc3339
from common.errors import FailedPrecondition, InvalidArgument, NotFound, PermissionDenied

DAY_MS: Final = 86_400_000
MOST_BLOCKED: Final = 2000
MOST_RESTRICTIONS: Final = 100
_OF_THE_PERSON: Final = (Block, Unblock, ListBlocks)
_OfSystem = Restrict | Lift | JoinDanger | ScreenRefusal | LookedAt | ForgetShield


class Restriction(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """What they may not do. Times in ms; `until` 0: until it is lifted."""

    id: str
    scope: tuple[Scope, ...]
    case: str
    by: str
    since: int
    until: int = 0
    lifted: bool = False


class ShieldState(msgspec.Struct, array_like=True, kw_only=True):
    """As a snapshot holds it. Add members with defaults at the end."""

    blocked: dict[str, int] = {}
    restrictions: dict[str, Restriction] = {}
    danger: str = ""
    danger_at: int = 0


@dataclass(slots=True)
class Shield:
    """`id` is the person's."""

    id: str
    state: ShieldState = field(default_factory=ShieldState)

    def decide(self, command: ShieldCommand, context: Context, version: int) -> Decision:
        """See `Entity.decide`.

        Raises:
            PermissionDenied: it is somebody else's, or for Carewire itself.
            NotFound: there is no such restriction.
            InvalidArgument: nobody blocks themselves.
            FailedPrecondition: as many are blocked, or restrictions in force, as there may be.
        """
        if isinstance(command, _OF_THE_PERSON):
            if context.by.user != self.id:
                raise PermissionDenied("This is somebody else's.")
            return self._of_the_person(command, context.now_ms)
        if not context.by.is_system:
            raise PermissionDenied("Only Carewire itself does that.")
        return self._of_system(command, context.now_ms)

    def apply(self, event: ShieldEvent, seq: int, at_ms: int) -> None:
        """See `Entity.apply`."""
        state = self.state
        match event:
            case Blocked():
                state.blocked = {**state.blocked, event.user: at_ms}
            case Unblocked():
                state.blocked = {user: since for user, since in state.blocked.items() if user != event.user}
            case Restricted():
                made = restriction_of(event, at_ms)
                state.restrictions = {**state.restrictions, made.id: made}
            case Lifted():
                old = state.restrictions[event.restriction]
                state.restrictions = {**state.restrictions, old.id: msgspec.structs.replace(old, lifted=True)}
            case InDanger():
                state.danger, state.danger_at = event.case, at_ms
            case ShieldDropped():
                state.blocked = {}

    def _of_the_person(self, command: Block | Unblock | ListBlocks, now_ms: int) -> Decision:
        blocked = self.state.blocked
        match command:
            case ListBlocks():
                return Decision(block_list(blocked))
            case Unblock():
                if command.user not in blocked:
                    return Decision(block_list(blocked))
                left = {user: since for user, since in blocked.items() if user != command.user}
                return Decision(block_list(left), events=[Unblocked(author=self.id, user=command.user)])
            case Block():
                return self._block(command.user, now_ms)
        assert_never(command)

    def _block(self, user: str, now_ms: int) -> Decision:
        blocked = self.state.blocked
        if user == self.id:
            raise InvalidArgument("Nobody blocks themselves.", details={"field": "user_id"})
        if user in blocked:
            return Decision(block_list(blocked))
        if len(blocked) >= MOST_BLOCKED:
            raise FailedPrecondition("You have blocked as many as you may.", details={"limit": MOST_BLOCKED})
        return Decision(block_list({**blocked, user: now_ms}), events=[Blocked(author=self.id, user=user)])

    def _of_system(self, command: _OfSystem, now_ms: int) -> Decision:
        match command:
            case Restrict():
                return self._restrict(command, now_ms)
            case Lift():
                return self._lift(command)
            case JoinDanger():
                if self.state.danger and now_ms - self.state.danger_at < DAY_MS:
                    return Decision(DangerCase(case=self.state.danger))
                event = InDanger(case=command.case, severity=command.severity)
                return Decision(DangerCase(case=command.case), events=[event])
            case ScreenRefusal():
                return Decision(events=[WritingRefused(author=self.id, secret=command.secret, room=command.room)])
            case LookedAt():
                return Decision(events=[RefusalScreened(number=command.number)])
            case ForgetShield():
                return Decision(events=[ShieldDropped(author=self.id)] if self.state.blocked else ())
        assert_never(command)

    def _restrict(self, command: Restrict, now_ms: int) -> Decision:
        if (known := self.state.restrictions.get(command.restriction)) is not None:
            return Decision(shown(self.id, known))
        in_force = [one for one in self.state.restrictions.values() if not one.lifted and _lasts(one, now_ms)]
        if len(in_force) >= MOST_RESTRICTIONS:
            raise FailedPrecondition("This person is restricted in every way.", details={"limit": MOST_RESTRICTIONS})
        event = Restricted(
            author=self.id,
            secret=command.secret,
            restriction=command.restriction,
            scope=command.scope,
            case=command.case,
            by=command.by,
            until=command.until,
        )
        return Decision(shown(self.id, restriction_of(event, now_ms)), events=[event])

    def _lift(self, command: Lift) -> Decision:
        known = self.state.restrictions.get(command.restriction)
        if known is None:
            raise NotFound("There is no such restriction.", restriction=command.restriction)
        lifted = shown(self.id, msgspec.structs.replace(known, lifted=True))
        event = Lifted(author=self.id, restriction=known.id, by=command.by)
        return Decision(lifted, events=() if known.lifted else [event])


def _lasts(one: Restriction, now_ms: int) -> bool:
    return not one.until or one.until > now_ms


def restriction_of(event: Restricted, at_ms: int) -> Restriction:
    """As it is kept."""
    return Restriction(
        id=event.restriction, scope=event.scope, case=event.case, by=event.by, since=at_ms, until=event.until
    )


def shown(user: str, one: Restriction) -> ShownRestriction:
    """As people see it."""
    return ShownRestriction(
        restriction_id=one.id,
        user_id=user,
        scope=list(one.scope),
        created_at=to_rfc3339(one.since),
        case_id=one.case,
        until=to_rfc3339(one.until) if one.until else None,
        lifted=one.lifted,
    )


def block_list(blocked: dict[str, int]) -> BlockList:
    """Those of late first."""
    late = sorted(blocked.items(), key=lambda one: (-one[1], one[0]))
    return BlockList(blocked=[BlockedPerson(user_id=user, since=to_rfc3339(since)) for user, since in late])
