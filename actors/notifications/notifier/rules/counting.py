"""How much is unread, told to the person's sockets after whatever changes it, once a second at most. Pure."""

from collections.abc import Iterable
from typing import Final

import msgspec

from actors.kernel.contract.entity import Decision, Event, SetTimer
from actors.notifications.notifier.commands import TellCounts
from actors.notifications.notifier.events import AllRead, CountsTold, Marked, Notified, Released, Replaced
from actors.notifications.notifier.snapshot import CategoryMarks, NotifierSnapshot
from actors.notifications.notifier.state import NotifierState

_EVERY_MS: Final = 1000
_COUNTS: Final = (Notified, Released, Replaced, Marked, AllRead)
_pack: Final = msgspec.msgpack.Encoder().encode


def after(state: NotifierState, events: Iterable[Event]) -> NotifierState:
    """The marks as they will be behind these events; nothing else of the state is in it."""
    marks = {
        name: CategoryMarks(one.total, one.read.copy(), list(one.marks)) for name, one in state.kept.categories.items()
    }
    then = NotifierState(state.id, NotifierSnapshot(categories=marks))
    for event in events:
        if isinstance(event, _COUNTS):
            then.apply(event, 0, 0)
    return then


def counted(state: NotifierState, decision: Decision, now_ms: int) -> Decision:
    """The decision, and the word about what is unread then: now, or by a timer."""
    kept = state.kept
    if kept.telling:
        return decision
    if now_ms >= kept.told_ms + _EVERY_MS:
        unread = after(state, [*decision.events, *decision.notes]).unread()
        return _with(decision, CountsTold(by_category=unread, at_ms=now_ms))
    timer = SetTimer("counts", kept.told_ms + _EVERY_MS, _pack(TellCounts()))
    later = _with(decision, CountsTold(by_category=None, at_ms=now_ms))
    return msgspec.structs.replace(later, timers=[*decision.timers, timer])


def tell_counts(state: NotifierState, now_ms: int) -> Decision:
    """The timer: as it is by now."""
    if not state.kept.telling:
        return Decision({})
    return Decision({}, notes=[CountsTold(by_category=state.unread(), at_ms=now_ms)])


def _with(decision: Decision, note: Event) -> Decision:
    return msgspec.structs.replace(decision, notes=[*decision.notes, note])
