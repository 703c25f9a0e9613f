"""The rules of a broadcast: a row of pages, each an activity, each from where the last one ended. A page may be told
twice (its runner died before it could say so); whoever is told twice knows it by its command id."""

from dataclasses import dataclass
from typing import Final, assert_never

import msgspec
from msgspec.structs import replace

from actors.broadcasts.activities import PageTold
from actors.broadcasts.commands import (
    Announce,
    BeginBroadcast,
    BroadcastCommand,
    CancelBroadcast,
    GetBroadcast,
    GetWords,
    PauseBroadcast,
    ResumeBroadcast,
)
from actors.broadcasts.events import Announced, BroadcastEvent, BroadcastFinished, WentOn
from actors.broadcasts.records import OVER, Broadcast, Status, shown
from actors.kernel.contract.activities import Answered
from actors.kernel.contract.entity import Context, Decision, Query, SetTimer
from common.errors import FailedPrecondition, NotFound, PermissionDenied

_BEGIN: Final = msgspec.msgpack.encode(BeginBroadcast())
_told: Final = msgspec.msgpack.Decoder(PageTold).decode


class WordsWanted(Query, frozen=True):
    """What is told: the secret of the first event."""


@dataclass(slots=True)
class BroadcastEntity:
    """`broadcast` is None until it was made."""

    id: str
    broadcast: Broadcast | None = None

    def decide(self, command: BroadcastCommand, context: Context, version: int) -> Decision:
        """See `Entity.decide`.

        Raises:
            PermissionDenied: anybody but Carewire itself asks; the door knows who may.
            NotFound: there is no such broadcast.
            FailedPrecondition: it is over.
        """
        if not context.by.is_system:
            raise PermissionDenied("Only Carewire itself may do this.")
        if isinstance(command, Announce):
            return self._announce(command, context.now_ms)
        if self.broadcast is None:
            raise NotFound("There is no such broadcast.")
        one = self.broadcast
        match command:
            case GetBroadcast():
                return Decision(shown(one))
            case GetWords():
                return Decision(WordsWanted())
            case PauseBroadcast():
                return self._pause(one)
            case ResumeBroadcast():
                return self._resume(one, context.now_ms)
            case CancelBroadcast():
                return _ended(one, "cancelled", context.now_ms)
            case BeginBroadcast():
                return _further(replace(one, status="running")) if one.status == "scheduled" else Decision(shown(one))
        assert_never(command)

    def answered(self, answered: Answered, now_ms: int) -> Decision:
        """A page was told. What will never be told (its words are gone) ends it."""
        one = self.broadcast
        if one is None or not one.pending or answered.key != page_key(one.step) or one.status in OVER:
            return Decision()
        one = replace(one, pending=False)
        if answered.outcome == "done":
            return self._went_on(one, _told(answered.result), now_ms)
        if answered.outcome == "dropped" and one.status == "paused":
            return _changed(one)
        return _ended(one, "cancelled", now_ms)

    def still(self, key: str) -> bool:
        """Is this page wanted?"""
        one = self.broadcast
        return one is not None and one.status == "running" and key == page_key(one.step)

    def apply(self, event: BroadcastEvent, seq: int, at_ms: int) -> None:
        """See `Entity.apply`."""
        self.broadcast = event.broadcast

    def _announce(self, command: Announce, now_ms: int) -> Decision:
        if self.broadcast is not None:
            return Decision(shown(self.broadcast))
        waits = command.send_at > now_ms
        made = Broadcast(
            id=self.id,
            by=command.by,
            status="scheduled" if waits else "running",
            audience=command.audience,
            rate_per_s=command.rate_per_s,
            created=now_ms,
            send_at=command.send_at,
        )
        announced = Announced(author=command.by, secret=command.secret, broadcast=made)
        if waits:
            return Decision(shown(made), events=[announced], timers=[SetTimer("begin", command.send_at, _BEGIN)])
        return _with(announced, _further(made))

    def _went_on(self, one: Broadcast, page: PageTold, now_ms: int) -> Decision:
        one = replace(
            one,
            total=page.total if page.total is not None else one.total,
            done=one.done + page.told,
            failed=one.failed + page.failed,
            cursor=page.cursor or one.cursor,
        )
        if not page.cursor:
            return _ended(replace(one, total=one.done + one.failed), "done", now_ms)
        return _further(one) if one.status == "running" else _changed(one)

    def _pause(self, one: Broadcast) -> Decision:
        if one.status == "paused":
            return Decision(shown(one))
        _check_open(one)
        return _changed(replace(one, status="paused"))

    def _resume(self, one: Broadcast, now_ms: int) -> Decision:
        """A page that was under way when it was paused is still the one that is waited for."""
        if one.status in ("running", "scheduled"):
            return Decision(shown(one))
        _check_open(one)
        if one.send_at > now_ms:
            return _changed(replace(one, status="scheduled"))
        running = replace(one, status="running")
        return _changed(running) if one.pending else _further(running)


def page_key(step: int) -> str:
    """The key of the activity that tells a page."""
    return f"page|{step}"


def _further(one: Broadcast) -> Decision:
    """The next page is owed."""
    one = replace(one, step=one.step + 1, pending=True)
    return Decision(shown(one), events=[WentOn(broadcast=one, asks=True)])


def _changed(one: Broadcast) -> Decision:
    return Decision(shown(one), events=[WentOn(broadcast=one)])


def _with(first: Announced, further: Decision) -> Decision:
    return msgspec.structs.replace(further, events=[first, *further.events])


def _ended(one: Broadcast, status: Status, now_ms: int) -> Decision:
    if one.status == status:
        return Decision(shown(one))
    _check_open(one)
    one = replace(one, status=status, ended=now_ms)
    return Decision(shown(one), events=[BroadcastFinished(broadcast=one)])


def _check_open(one: Broadcast) -> None:
    if one.status in OVER:
        raise FailedPrecondition("This broadcast is over.", details={"status": one.status})
