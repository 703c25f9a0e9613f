"""What was seen on one device disappears from the others; a call that is over stops ringing. Pure."""

from collections.abc import Iterable, Sequence
from typing import Final

from actors.kernel.contract.entity import Event
from actors.notifications.activities import Sending
from actors.notifications.notifier.events import Owing, TakenBack
from actors.notifications.notifier.items.item import Item
from actors.notifications.notifier.rules.facts import lane_of
from actors.notifications.notifier.state import NotifierState
from common.timeline import DAY_MS

_WORTH_MS: Final = DAY_MS  # a device that was off for longer asks anyway when it comes back
_RING_END_MS: Final = 60_000


def take_back(state: NotifierState, numbers: Sequence[int], now_ms: int) -> tuple[Owing, ...]:
    """A quiet word to each device that shows one of these."""
    return tuple(
        _quiet(state=state, what="take_back", number=number, device_id=device, at_ms=now_ms, worth_ms=_WORTH_MS)
        for number in numbers
        for device in dict.fromkeys(state.kept.shown.get(number, ()))
        if _active(state, device)
    )


def taken_back(state: NotifierState, numbers: Iterable[int], now_ms: int) -> list[Event]:
    """The note that tells devices so; none where none shows any of these."""
    shown = [number for number in numbers if number in state.kept.shown]
    return [TakenBack(numbers=tuple(shown), owing=take_back(state, shown, now_ms))] if shown else []


def ring_ends(state: NotifierState, item: Item) -> tuple[Owing, ...]:
    """The end of a call for each device at which it rang, in order behind the ring."""
    if item.mode != "ring":
        return ()
    rang = dict.fromkeys(one.device for one in item.deliveries if one.device and one.state != "skipped")
    return tuple(
        _quiet(
            state=state,
            what="ring_end",
            number=item.number,
            device_id=device,
            at_ms=item.created_ms,
            worth_ms=_RING_END_MS + DAY_MS,
        )
        for device in rang
        if _active(state, device)
    )


def _active(state: NotifierState, device_id: str) -> bool:
    device = state.kept.devices.get(device_id)
    return device is not None and device.takes_pushes


def _quiet(state: NotifierState, what: str, number: int, device_id: str, at_ms: int, worth_ms: int) -> Owing:
    device = state.kept.devices[device_id]
    key = f"{what}|{number}|{device_id}|{at_ms}"
    sending = Sending(user=state.id, what=what, delivery="", number=number, device=device_id, sure=True)  # type: ignore[arg-type] # one of its words
    return Owing(
        key=key,
        sending=sending,
        connector=device.service,
        lane=lane_of(device_id),
        deadline_ms=at_ms + worth_ms,
        urgency="now" if what == "ring_end" else "soon",
    )
