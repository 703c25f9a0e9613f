"""One gateway's channel to one presence shard: reports out, states in.

One report is in flight at a time, and repeated under its number until it was taken; what changes meanwhile goes with
the next, at most one every `tick_ms`. A shard that does not know us (it is new, or thought us dead) is told everything
again in a new life.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

import msgspec

from actors.kernel.caller.channel import ShardClient, ShardGone
from actors.kernel.lib.backoffs import call_backoff
from actors.presence import wire
from actors.presence.presence import State
from common.clock import Clock
from common.lib.retry import Backoff
from config.settings import PresenceSettings

_MOST: Final = 1000  # entries of one kind in a report
_MOST_DEVICES: Final = 32  # of one user, that are counted
_CALL_S: Final = 3.0  # that a call may take beyond what it waits for
_GOODBYE_S: Final = 1.0
_DEPARTED_S: Final = 30.0  # how long a departure is told to a shard that has forgotten it


class PresenceChange(msgspec.Struct, frozen=True):
    """What became of a watched user; `old` None: nothing was known before."""

    old: State | None
    new: State


class _Chosen(msgspec.Struct):
    status: str
    at_ms: int
    taken: bool = False


class _Sending(msgspec.Struct):
    """A report under way, and who waits for it."""

    report: wire.PresenceReport
    waiting: list["asyncio.Future[None]"]


class PresenceChannel:
    """See the module. `send` and `fetch` are to be run as tasks."""

    def __init__(
        self,
        gateway: str,
        shard: ShardClient,
        *,
        settings: PresenceSettings,
        clock: Clock,
        on_changes: Callable[[list[PresenceChange]], None],
    ) -> None:
        """`gateway` must be unique to this process's life."""
        self._gateway = gateway
        self._shard = shard
        self._tick_s = settings.tick_ms / 1000
        self._fetch_s = settings.fetch_wait_s + _CALL_S
        self._clock = clock
        self._on_changes = on_changes
        self._devices: dict[str, dict[str, int]] = {}  # user -> device -> sockets
        self._left: dict[str, float] = {}  # user -> when the last device left; the earliest first
        self._choices: dict[str, _Chosen] = {}  # of users with a device here, or not told yet
        self._watched: dict[str, State | None] = {}
        self._awaited: dict[str, asyncio.Future[State]] = {}
        self._unreported: list[asyncio.Future[None]] = []
        self._seats_due: dict[str, None] = {}
        self._choices_due: dict[str, None] = {}
        self._watches_due: dict[str, None] = {}
        self._life = 0
        self._number = 0
        self._acked = 0
        self._sent_s = float("-inf")
        self._wake = asyncio.Event()
        self._opened = asyncio.Event()
        self.reopened = 0

    @property
    def watched(self) -> int:
        """Users that are watched through this channel."""
        return len(self._watched)

    @property
    def present(self) -> int:
        """Users with a device here."""
        return len(self._devices)

    @property
    def connected(self) -> bool:
        """Does the shard know us, as far as we know?"""
        return self._opened.is_set()

    def arrive(self, user: str, device: str) -> None:
        """A socket of this device has come."""
        devices = self._devices.setdefault(user, {})
        devices[device] = devices.get(device, 0) + 1
        self._left.pop(user, None)
        if devices[device] == 1:
            self._seats_due[user] = None
            self._wake.set()

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
        self._wake.set()

    def choose(self, user: str, status: str, at_ms: int) -> "asyncio.Future[None]":
        """The user chose a status. Done when the shard knows."""
        self._choices[user] = _Chosen(status, at_ms)
        self._choices_due[user] = None
        taken = asyncio.get_running_loop().create_future()
        self._unreported.append(taken)
        self._wake.set()
        return taken

    def watch(self, user: str) -> None:
        """Begin to hear of a user."""
        if user not in self._watched:
            self._watched[user] = None
            self._watches_due[user] = None
            self._wake.set()

    def unwatch(self, user: str) -> None:
        """Hear of them no more."""
        if user in self._watched:
            del self._watched[user]
            self._watches_due[user] = None
            if (awaited := self._awaited.pop(user, None)) is not None:
                awaited.cancel()
            self._wake.set()

    def state(self, user: str) -> State | None:
        """What was heard last of a user who is watched."""
        return self._watched.get(user)

    async def known(self, user: str) -> State:
        """The state of a user who is watched, as soon as it is known."""
        state = self._watched.get(user)
        if state is not None:
            return state
        awaited = self._awaited.get(user)
        if awaited is None:
            awaited = self._awaited[user] = asyncio.get_running_loop().create_future()
        return await asyncio.shield(awaited)

    async def send(self) -> None:
        """Send reports, one after the other; until cancelled."""
        backoff = call_backoff()
        while True:
            if not self._opened.is_set():
                await self._open(backoff)
            await self._wake.wait()
            self._wake.clear()
            while self._opened.is_set() and self._has_news():
                await self._pace()
                await self._send(self._next(), backoff)

    async def fetch(self) -> None:
        """Fetch results, one after the other; until cancelled."""
        backoff = call_backoff()
        while True:
            await self._opened.wait()
            life = self._life
            request = wire.encode(wire.FetchPresence(self._gateway, life, self._acked))
            try:
                result = wire.decode_result(await self._call(self._shard.fetch, request, self._fetch_s))
            except ShardGone:
                await backoff.pause()
                continue
            if not result.known:
                self._lost(life)
                await backoff.pause()
            elif life == self._life:
                backoff.reset()
                self._unpack(result)

    async def goodbye(self) -> None:
        """Tell the shard that this gateway ends. After `send` and `fetch` were cancelled."""
        if self._opened.is_set():
            bye = wire.PresenceReport(self._gateway, self._life, self._number + 1, [], [], [], [], bye=True)
            try:
                await self._call(self._shard.submit, wire.encode(bye), _GOODBYE_S)
            except ShardGone:
                return  # its lease will lapse

    async def _open(self, backoff: Backoff) -> None:
        """Begin a new life, in which everything is told anew."""
        while True:
            self._life += 1
            request = wire.encode(wire.OpenPresence(self._gateway, self._life))
            try:
                known = wire.decode_ack(await self._call(self._shard.subscribe, request, _CALL_S)).known
            except ShardGone:
                known = False
            if known:
                break
            await backoff.pause()
        backoff.reset()
        self.reopened += 1
        self._number = self._acked = 0
        self._seats_due = dict.fromkeys((*self._left, *self._devices))
        self._choices_due = dict.fromkeys(self._choices)
        self._watches_due = dict.fromkeys(self._watched)
        self._opened.set()
        self._wake.set()

    async def _send(self, sending: _Sending, backoff: Backoff) -> None:
        request = wire.encode(sending.report)
        while self._opened.is_set():
            try:
                ack = wire.decode_ack(await self._call(self._shard.submit, request, _CALL_S))
            except ShardGone:
                await backoff.pause()
                continue
            backoff.reset()
            if ack.known:
                self._taken(sending)
                return
            self._lost(self._life)
        self._unreported += sending.waiting  # told again in the next life

    def _taken(self, sending: _Sending) -> None:
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

    def _has_news(self) -> bool:
        return bool(self._seats_due or self._choices_due or self._watches_due)

    async def _pace(self) -> None:
        pause_s = self._sent_s + self._tick_s - self._clock.monotonic_s()
        if pause_s > 0 and max(map(len, (self._seats_due, self._choices_due, self._watches_due))) < _MOST:
            await asyncio.sleep(pause_s)
        self._sent_s = self._clock.monotonic_s()

    def _next(self) -> _Sending:
        self._number += 1
        now_s = self._clock.monotonic_s()
        watches = _some(self._watches_due)
        report = wire.PresenceReport(
            self._gateway,
            self._life,
            self._number,
            [self._seat(user, now_s) for user in _some(self._seats_due)],
            [
                wire.Choice(user, chosen.status, chosen.at_ms, chosen.taken)
                for user in _some(self._choices_due)
                if (chosen := self._choices.get(user)) is not None
            ],
            [user for user in watches if user in self._watched],
            [user for user in watches if user not in self._watched],
        )
        waiting: list[asyncio.Future[None]] = []
        if not self._choices_due:  # else: who waits may wait for one that goes with the next
            waiting, self._unreported = self._unreported, waiting
        return _Sending(report, waiting)

    def _seat(self, user: str, now_s: float) -> wire.Seat:
        devices = self._devices.get(user)
        if devices:
            return wire.Seat(user, tuple(sorted(devices)[:_MOST_DEVICES]))
        return wire.Seat(user, (), int((now_s - self._left.get(user, now_s - _DEPARTED_S)) * 1000))

    def _depart(self, user: str) -> None:
        now_s = self._clock.monotonic_s()
        self._left[user] = now_s
        while (first := next(iter(self._left))) != user and self._left[first] < now_s - _DEPARTED_S:
            del self._left[first]

    def _unpack(self, result: wire.PresenceResult) -> None:
        self._acked = max(self._acked, result.number)
        changes = []
        for state in result.states:
            if state.user in self._watched:
                changes.append(PresenceChange(self._watched[state.user], state))
                self._watched[state.user] = state
                awaited = self._awaited.pop(state.user, None)
                if awaited is not None and not awaited.done():
                    awaited.set_result(state)
        if changes:
            self._on_changes(changes)

    def _lost(self, life: int) -> None:
        """The shard does not know this life of ours."""
        if life == self._life:
            self._opened.clear()
            self._wake.set()

    async def _call(self, method: Callable[[bytes], Awaitable[bytes]], request: bytes, timeout_s: float) -> bytes:
        try:
            async with asyncio.timeout(timeout_s):
                return await method(request)
        except TimeoutError as error:
            raise ShardGone("no answer in time") from error


def _some(due: dict[str, None]) -> Iterable[str]:
    """Take some of them, the first ones first."""
    users = list(due) if len(due) <= _MOST else list(due)[:_MOST]
    for user in users:
        del due[user]
    return users
