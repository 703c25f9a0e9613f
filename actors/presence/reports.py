"""Reports of a gateway to one presence shard: devices that came and went, statuses chosen, users to watch."""

import asyncio
from collections.abc import Callable, Collection, Iterable
from typing import Final

import msgspec

from actors.presence import wire
from common.clock import Clock

_MOST: Final = 1000  # entries of one kind in a report
_MOST_DEVICES: Final = 32  # of one user, that are counted
_DEPARTED_S: Final = 30.0  # how long a departure is told to a shard that has forgotten it


class _Chosen(msgspec.Struct):
    status: str
    at_ms: int
    taken: bool = False


class ReportInFlight(msgspec.Struct):
    """A report under way, and who waits for it."""

    report: wire.PresenceReport
    waiting: list["asyncio.Future[None]"]


class PresenceReports:
    """Keeps what is true here, and which of it is due. `wake` is called when something becomes due."""

    def __init__(self, gateway: str, clock: Clock, watched: Collection[str], wake: Callable[[], None]) -> None:
        """`watched`: the users whom the gateway watches, at any time."""
        self._gateway = gateway
        self._clock = clock
        self._watched = watched
        self._wake = wake
        self._devices: dict[str, dict[str, int]] = {}  # user -> device -> sockets
        self._left: dict[str, float] = {}  # user -> when the last device left; the earliest first
        self._choices: dict[str, _Chosen] = {}  # of users with a device here, or not told yet
        self._unreported: list[asyncio.Future[None]] = []
        self._seats_due: dict[str, None] = {}
        self._choices_due: dict[str, None] = {}
        self._watches_due: dict[str, None] = {}
        self._number = 0

    @property
    def present(self) -> int:
        """Users with a device here."""
        return len(self._devices)

    @property
    def has_news(self) -> bool:
        """True when there is anything to report."""
        return bool(self._seats_due or self._choices_due or self._watches_due)

    @property
    def is_full(self) -> bool:
        """True when there is as much as one report takes."""
        return max(map(len, (self._seats_due, self._choices_due, self._watches_due))) >= _MOST

    def arrive(self, user: str, device: str) -> None:
        """A socket of this device has come."""
        devices = self._devices.setdefault(user, {})
        devices[device] = devices.get(device, 0) + 1
        self._left.pop(user, None)
        if devices[device] == 1:
            self._seats_due[user] = None
            self._wake()

    def leave(self, user: str, device: str) -> None:
        """A socket of this device has gone."""
        devices = self._devices[user]
        devices[device] -= 1
        if devices[device]:
            return
        del devices[device]
        if not devices:
            del self._devices[user]
            self._forget_choice(user)
            self._depart(user)
        self._seats_due[user] = None
        self._wake()

    def choose(self, user: str, status: str, at_ms: int) -> "asyncio.Future[None]":
        """The user chose a status. Done when the shard knows."""
        self._choices[user] = _Chosen(status, at_ms)
        self._choices_due[user] = None
        taken = asyncio.get_running_loop().create_future()
        self._unreported.append(taken)
        self._wake()
        return taken

    def watch_changed(self, user: str) -> None:
        """This user is watched from now on, or no more."""
        self._watches_due[user] = None
        self._wake()

    def begin_anew(self) -> None:
        """All of it is to be told again, to a shard that knows nothing of it."""
        self._number = 0
        self._seats_due = dict.fromkeys((*self._left, *self._devices))
        self._choices_due = dict.fromkeys(self._choices)
        self._watches_due = dict.fromkeys(self._watched)

    def not_taken(self, sending: ReportInFlight) -> None:
        """The shard forgot us before it had this report: whoever waits, waits for the next life."""
        self._unreported += sending.waiting

    def goodbye(self, life: int) -> wire.PresenceReport:
        """The last report: the gateway ends."""
        return wire.PresenceReport(gateway=self._gateway, life=life, number=self._number + 1, bye=True)

    def taken(self, sending: ReportInFlight) -> None:
        """The shard has this report."""
        for told in sending.report.choices:
            chosen = self._choices.get(told.user)
            if chosen is not None and chosen.at_ms == told.at_ms:
                chosen.taken = True
                self._forget_choice(told.user)
        for waiting in sending.waiting:
            if not waiting.done():
                waiting.set_result(None)

    def _forget_choice(self, user: str) -> None:
        """Once a shard knows it, it is ours to repeat only while the user is here."""
        chosen = self._choices.get(user)
        if chosen is not None and chosen.taken and user not in self._devices:
            del self._choices[user]

    def next(self, life: int) -> ReportInFlight:
        """The next report of this life."""
        self._number += 1
        now_s = self._clock.monotonic_s()
        watches = _some(self._watches_due)
        report = wire.PresenceReport(
            gateway=self._gateway,
            life=life,
            number=self._number,
            seats=[self._seat(user, now_s) for user in _some(self._seats_due)],
            choices=[
                wire.Choice(user, chosen.status, chosen.at_ms, chosen.taken)
                for user in _some(self._choices_due)
                if (chosen := self._choices.get(user)) is not None
            ],
            watch=[user for user in watches if user in self._watched],
            unwatch=[user for user in watches if user not in self._watched],
        )
        waiting: list[asyncio.Future[None]] = []
        if not self._choices_due:  # else: who waits may wait for one that goes with the next
            waiting, self._unreported = self._unreported, waiting
        return ReportInFlight(report, waiting)

    def _seat(self, user: str, now_s: float) -> wire.UserDevices:
        devices = self._devices.get(user)
        if devices:
            return wire.UserDevices(user, tuple(sorted(devices)[:_MOST_DEVICES]))
        return wire.UserDevices(user, (), int((now_s - self._left.get(user, now_s - _DEPARTED_S)) * 1000))

    def _depart(self, user: str) -> None:
        now_s = self._clock.monotonic_s()
        self._left[user] = now_s
        while (first := next(iter(self._left))) != user and self._left[first] < now_s - _DEPARTED_S:
            del self._left[first]


def _some(due: dict[str, None]) -> Iterable[str]:
    """Take some of them, the first ones first."""
    users = list(due) if len(due) <= _MOST else list(due)[:_MOST]
    for user in users:
        del due[user]
    return users
