"""One hold: `hold:<id>`. While it lies over a person, a room or a case, their words stay where whoever may look at the
hold finds them. It ends when another administrator than the one who placed it says so."""

from dataclasses import dataclass
from typing import Literal, assert_never

import msgspec
from msgspec.structs import replace

from actors.kernel.contract.entity import Command, Context, Decision, Event, Query
from common.clock import to_rfc3339
from common.errors import FailedPrecondition, NotFound, PermissionDenied
from common.persons import UserId
from common.policy import POLICY, Relation

Over = Literal["user", "room", "case"]


class Hold(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Over what it lies. `subject`: the id of it. `room`: that it keeps; of a case, the one that the case is about.
    `person`: whose words it keeps at least. Times in ms; `released` 0: it lasts."""

    id: str
    over: Over
    subject: str
    room: str
    person: str
    placed_by: str
    placed: int
    released_by: str = ""
    released: int = 0


class ShownHold(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A hold as administrators see it. Why it was placed and released is in the audit record."""

    hold_id: str
    state: Literal["active", "released"]
    placed_by: UserId
    placed_at: str
    user_id: UserId | None = None
    room_id: str | None = None
    case_id: str | None = None
    released_by: UserId | None = None
    released_at: str | None = None


class PlaceHold(Command[ShownHold], frozen=True, kw_only=True, tag="place"):
    """From now on."""

    over: Over
    subject: str
    room: str = ""
    person: str = ""


class ReleaseHold(Command[ShownHold], frozen=True, tag="release"):
    """It is over. Released again, it is the same answer."""


class GetHold(Command[ShownHold], frozen=True, tag="get"):
    """How it stands."""


class HoldCopies(msgspec.Struct, frozen=True, kw_only=True):
    """The hold, and a page of what it has kept (packed `Evidence`). `after`: from where the next page goes on; "":
    there is none."""

    hold: ShownHold
    copies: list[bytes]
    after: str = ""


class ReadCopies(Command[HoldCopies], frozen=True, kw_only=True, tag="copies"):
    """What it has kept of what was taken back or changed. `after`: of the page before."""

    after: str = ""
    limit: int = 100


class CopiesAfter(Query, frozen=True):
    """A page of copies."""

    hold: ShownHold
    after: str
    limit: int


HoldCommand = PlaceHold | ReleaseHold | GetHold | ReadCopies


class HoldPlaced(Event, frozen=True, kw_only=True, array_like=True, tag="placed"):
    """It lies there."""

    hold: Hold


class HoldReleased(Event, frozen=True, kw_only=True, array_like=True, tag="released"):
    """It is over."""

    hold: Hold


HoldEvent = HoldPlaced | HoldReleased


def shown(one: Hold) -> ShownHold:
    """As administrators see it."""
    return ShownHold(
        hold_id=one.id,
        state="released" if one.released else "active",
        placed_by=one.placed_by,
        placed_at=to_rfc3339(one.placed),
        user_id=one.subject if one.over == "user" else None,
        room_id=one.subject if one.over == "room" else None,
        case_id=one.subject if one.over == "case" else None,
        released_by=one.released_by or None,
        released_at=to_rfc3339(one.released) if one.released else None,
    )


@dataclass(slots=True)
class HoldEntity:
    """`hold` is None until it is placed."""

    id: str
    hold: Hold | None = None

    def decide(self, command: HoldCommand, context: Context, version: int) -> Decision:
        """See `Entity.decide`.

        Raises:
            PermissionDenied: not of a role that may.
            NotFound: there is no such hold.
            FailedPrecondition: reason `same_person`: who placed it does not release it.
        """
        if not context.by.is_system and not POLICY.allows(context.by.role, Relation.NONE, "hold.change"):
            raise PermissionDenied("Only administrators place and release holds.")
        if isinstance(command, PlaceHold):
            return self._place(command, context)
        if self.hold is None:
            raise NotFound("There is no such hold.", hold=self.id)
        match command:
            case GetHold():
                return Decision(shown(self.hold))
            case ReadCopies():
                return Decision(CopiesAfter(shown(self.hold), command.after, command.limit))
            case ReleaseHold():
                return self._release(self.hold, context)
        assert_never(command)

    def apply(self, event: HoldEvent, seq: int, at_ms: int) -> None:
        """See `Entity.apply`."""
        self.hold = event.hold

    def _place(self, command: PlaceHold, context: Context) -> Decision:
        if self.hold is not None:
            return Decision(shown(self.hold))
        made = Hold(
            id=self.id,
            over=command.over,
            subject=command.subject,
            room=command.room,
            person=command.person,
            placed_by=context.by.user,
            placed=context.now_ms,
        )
        return Decision(shown(made), events=[HoldPlaced(hold=made)])

    def _release(self, one: Hold, context: Context) -> Decision:
        if one.released:
            return Decision(shown(one))
        if context.by.user == one.placed_by:
            raise FailedPrecondition(
                "A hold is released by another person than who placed it.", details={"reason": "same_person"}
            )
        over = replace(one, released_by=context.by.user, released=context.now_ms)
        return Decision(shown(over), events=[HoldReleased(hold=over)])
