"""One event of a partner: stored before the partner is answered, and handed over until somebody has it.

Partners send an event again when they are not sure that it came, so its id is the entity's: a repeat finds the first
answer. They send events in any order, and before we have stored our own answer to the call that caused them; so whoever
is concerned may not know it yet, and is asked again, with growing pauses.
"""

from dataclasses import dataclass, field
from typing import Final, Literal, assert_never

import msgspec

from actors.arrivals.commands import (
    ArrivalCommand,
    Arrive,
    BodyOf,
    Forget,
    NoteBlobRemoved,
    NoteHandedOver,
    ReadBody,
    Replay,
    TryAgain,
)
from actors.arrivals.events import (
    ArrivalEvent,
    ArrivalStatus,
    Arrived,
    BodyForgotten,
    GivenUp,
    HandoverAskedAgain,
    LeftoverCleared,
    Taken,
)
from actors.kernel.contract.entity import Context, Decision, Event, SetTimer
from common.errors import FailedPrecondition, NotFound, PermissionDenied

PAUSES_MS: Final = (20_000, 120_000, 600_000, 3_600_000, 6 * 3_600_000, 24 * 3_600_000)
"""After each time that it was asked; after the last one it is given up."""
KEPT_MS: Final = 30 * 86_400_000
"""So long the body of one that nobody took is kept."""
_pack: Final = msgspec.msgpack.Encoder().encode
_NOTHING: Final = ArrivalStatus(what="", received=0, state="waiting")


class ArrivalState(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """An arrival as snapshots keep it."""

    line: ArrivalStatus = _NOTHING
    to: str = ""
    letter: bytes = b""
    blob: str = ""
    kept: bool = False  # is the body still there?


@dataclass(slots=True)
class ArrivalEntity:
    """`partner` names whose key seals the body."""

    partner: str
    state: ArrivalState = field(default_factory=ArrivalState)

    def decide(self, command: ArrivalCommand, context: Context, version: int) -> Decision:
        """See `Entity.decide`.

        Raises:
            PermissionDenied: anybody but Carewire itself asks.
            NotFound: nothing of that id has arrived.
            FailedPrecondition: replayed, though it concerns nobody here.
        """
        if not context.by.is_system:
            raise PermissionDenied("Only Carewire itself may do this.")
        if isinstance(command, Arrive):
            return self._arrive(command, context.now_ms) if not version else self._unchanged()
        if not version:
            raise NotFound("No such event has arrived.")
        match command:
            case NoteHandedOver():
                return self._handed()
            case TryAgain():
                return self._again(command, context.now_ms)
            case Replay():
                return self._replay(command, context.now_ms)
            case Forget():
                return self._forget()
            case ReadBody():
                return Decision(BodyOf(self.state.blob if self.state.kept else "", self.state.kept))
            case NoteBlobRemoved():
                line = msgspec.structs.replace(self.state.line, leftover="")
                return self._so(line, [LeftoverCleared(line=line)] if self.state.line.leftover else [])
        assert_never(command)

    def apply(self, event: ArrivalEvent, seq: int, at_ms: int) -> None:
        """See `Entity.apply`."""
        changes: dict[str, object] = {"line": event.line}
        match event:
            case Arrived():
                changes |= {"to": event.to, "letter": event.letter, "blob": event.blob, "kept": bool(event.to)}
            case HandoverAskedAgain():
                changes |= {"to": event.to, "letter": event.letter}
            case Taken() | BodyForgotten():
                changes |= {"kept": False}
            case GivenUp() | LeftoverCleared():
                pass
        self.state = msgspec.structs.replace(self.state, **changes)

    def _arrive(self, command: Arrive, now_ms: int) -> Decision:
        if not command.to:
            line = ArrivalStatus(what=command.what, received=now_ms, state="ignored")
            return self._so(line, [Arrived(line=line)])
        line = self._asked(ArrivalStatus(what=command.what, received=now_ms, state="waiting"), now_ms)
        event = Arrived(
            author=key_owner(self.partner),
            secret=command.body,
            line=line,
            to=command.to,
            letter=command.letter,
            blob=command.blob,
        )
        return self._so(line, [event], _retry(line))

    def _handed(self) -> Decision:
        if self.state.line.state == "handed":
            return self._unchanged()
        return self._so(line := self._over("handed"), [Taken(line=line)])

    def _again(self, command: TryAgain, now_ms: int) -> Decision:
        line = self.state.line
        if line.state != "waiting" or line.tries != command.tries:
            return self._unchanged()
        if line.tries > len(PAUSES_MS) - 1:
            dead = msgspec.structs.replace(line, state="dead", due=None)
            forget = SetTimer("forget", line.received + KEPT_MS, _pack(Forget()))
            return self._so(dead, [GivenUp(line=dead)], forget)
        return self._send(line, self.state.to, self.state.letter, now_ms)

    def _replay(self, command: Replay, now_ms: int) -> Decision:
        to, letter = (command.to, command.letter) if command.to else (self.state.to, self.state.letter)
        if not to:
            raise FailedPrecondition("This event concerns nobody here.")
        return self._send(self.state.line, to, letter, now_ms)

    def _send(self, line: ArrivalStatus, to: str, letter: bytes, now_ms: int) -> Decision:
        asked = self._asked(line, now_ms)
        return self._so(asked, [HandoverAskedAgain(line=asked, to=to, letter=letter)], _retry(asked))

    def _forget(self) -> Decision:
        if self.state.line.state != "dead" or not self.state.kept:
            return self._unchanged()
        return self._so(line := self._over("dead"), [BodyForgotten(line=line)])

    def _over(self, state: Literal["handed", "dead"]) -> ArrivalStatus:
        leftover = self.state.blob if self.state.kept else self.state.line.leftover
        return msgspec.structs.replace(self.state.line, state=state, due=None, leftover=leftover)

    @staticmethod
    def _asked(line: ArrivalStatus, now_ms: int) -> ArrivalStatus:
        """Asked once more. A replay may go beyond the last pause; then it is the last one again."""
        pause_ms = PAUSES_MS[min(line.tries, len(PAUSES_MS) - 1)]
        return msgspec.structs.replace(line, state="waiting", tries=line.tries + 1, due=now_ms + pause_ms)

    def _unchanged(self) -> Decision:
        return self._so(self.state.line, [])

    @staticmethod
    def _so(line: ArrivalStatus, events: list[Event], *timers: SetTimer) -> Decision:
        return Decision(line, events=events, timers=timers)


def key_owner(partner: str) -> str:
    """Under whose key bodies of a partner are sealed: a subject of the vault that no person's id can be."""
    return f"/webhooks/{partner}"


def _retry(line: ArrivalStatus) -> SetTimer:
    assert line.due is not None
    return SetTimer("retry", line.due, _pack(TryAgain(line.tries)))
