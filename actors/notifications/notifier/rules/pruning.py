"""What is too old is forgotten: nobody finds it any more, and its words are gone from wherever they lay. Pure."""

from typing import Final

import msgspec

from actors.kernel.contract.entity import Context, Decision, SetTimer
from actors.notifications.notifier.commands import Prune
from actors.notifications.notifier.events import Pruned
from actors.notifications.notifier.items.folding import gone
from actors.notifications.notifier.items.item import Item
from actors.notifications.notifier.rules.counting import counted
from actors.notifications.notifier.snapshot import WEEK_MS
from actors.notifications.notifier.state import NotifierState

AT_ONCE: Final = 100
"""Notifications that one turn forgets."""
_pack: Final = msgspec.msgpack.Encoder().encode


def numbers(state: NotifierState, command: Prune) -> range:
    """Those that go in this turn."""
    upto = _upto(state, command)
    return range(state.kept.floor + 1, min(upto, state.kept.floor + AT_ONCE) + 1)


def prune(state: NotifierState, command: Prune, context: Context) -> Decision:
    """Forget all up to a number that is old enough, so many a turn; a stale timer does nothing. What is put off, or
    made for later, is waited for, and so is what came behind it."""
    wanted, items = numbers(state, command), list[Item]()
    for number in wanted:
        item: Item | None = context.parts.get(str(number))
        if item is not None and item.later_ms:
            break
        items += [] if item is None else [item]
    if not items:
        return Decision({}, timers=[_again(command, context.now_ms + WEEK_MS)] if wanted else [])
    note = Pruned(number=items[-1].number, places=items[-1].totals, gone=tuple(map(gone, items)))
    timers = [_again(command, context.now_ms)] if note.number < _upto(state, command) else []
    return counted(state, Decision({}, notes=[note], timers=timers), context.now_ms)


def _again(command: Prune, at_ms: int) -> SetTimer:
    return SetTimer(f"prune|{command.week}|{at_ms}", at_ms, _pack(command))


def _upto(state: NotifierState, command: Prune) -> int:
    return min(command.number or state.kept.weeks.get(command.week, 0), state.kept.last)
