"""One gateway's channel to one presence shard: reports out, states in.

One report is in flight at a time, and repeated under its number until it was taken; what changes meanwhile goes with
the next, at most one every `tick_ms`. A shard that does not know us (it is new, or thought us dead) is told everything
again in a new life.
"""

import asyncio
from collections.abc import Callable
from typing import Final

import msgspec

from actors.kernel.caller.shard_client import ShardClient, ShardGone, call_in_time
from actors.kernel.lib.backoffs import call_backoff
from actors.presence import wire
from actors.presence.reports import PresenceReports, ReportInFlight
from actors.presence.state import State
from common.clock import Clock
from common.lib.retry import Backoff
from config.settings import PresenceSettings

_CALL_S: Final = 3.0  # that a call may take beyond what it waits for
_GOODBYE_S: Final = 1.0


class PresenceChange(msgspec.Struct, frozen=True):
    """A change of a watched user; `old` None: nothing was known before."""

    old: State | None
    new: State


class PresenceChannel:
    """See the module. `send` and `fetch` are to be run as tasks; `reports` is told what happens here."""

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
        self._watched: dict[str, State | None] = {}
        self._awaited: dict[str, asyncio.Future[State]] = {}
        self._life = 0
        self._acked = 0
        self._sent_s = float("-inf")
        self._wake = asyncio.Event()
        self.reports = PresenceReports(gateway, clock, self._watched.keys(), self._wake.set)
        self._opened = asyncio.Event()
        self.reopened = 0

    @property
    def watched(self) -> int:
        """Users that are watched through this channel."""
        return len(self._watched)

    @property
    def connected(self) -> bool:
        """True while the shard knows us, as far as we know."""
        return self._opened.is_set()

    def watch(self, user: str) -> None:
        """Begin to hear of a user."""
        if user not in self._watched:
            self._watched[user] = None
            self.reports.watch_changed(user)

    def unwatch(self, user: str) -> None:
        """Hear of them no more."""
        if user in self._watched:
            del self._watched[user]
            self.reports.watch_changed(user)
            if (awaited := self._awaited.pop(user, None)) is not None:
                awaited.cancel()

    def state(self, user: str) -> State | None:
        """The state heard last of a user who is watched."""
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
            while self._opened.is_set() and self.reports.has_news:
                await self._pace()
                await self._send(self.reports.next(self._life), backoff)

    async def fetch(self) -> None:
        """Fetch results, one after the other; until cancelled."""
        backoff = call_backoff()
        while True:
            await self._opened.wait()
            life = self._life
            request = wire.encode(wire.FetchPresence(self._gateway, life, self._acked))
            try:
                result = wire.decode_result(await call_in_time(self._shard.fetch, request, self._fetch_s))
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
            bye = wire.encode(self.reports.goodbye(self._life))
            try:
                await call_in_time(self._shard.submit, bye, _GOODBYE_S)
            except ShardGone:
                return  # its lease will lapse

    async def _open(self, backoff: Backoff) -> None:
        """Begin a new life, in which everything is told anew."""
        while True:
            self._life += 1
            request = wire.encode(wire.OpenPresence(self._gateway, self._life))
            try:
                known = wire.decode_ack(await call_in_time(self._shard.subscribe, request, _CALL_S)).known
            except ShardGone:
                known = False
            if known:
                break
            await backoff.pause()
        backoff.reset()
        self.reopened += 1
        self._acked = 0
        self.reports.begin_anew()
        self._opened.set()
        self._wake.set()

    async def _send(self, sending: ReportInFlight, backoff: Backoff) -> None:
        request = wire.encode(sending.report)
        while self._opened.is_set():
            try:
                ack = wire.decode_ack(await call_in_time(self._shard.submit, request, _CALL_S))
            except ShardGone:
                await backoff.pause()
                continue
            backoff.reset()
            if ack.known:
                self.reports.taken(sending)
                return
            self._lost(self._life)
        self.reports.not_taken(sending)

    async def _pace(self) -> None:
        pause_s = self._sent_s + self._tick_s - self._clock.monotonic_s()
        if pause_s > 0 and not self.reports.is_full:
            await asyncio.sleep(pause_s)
        self._sent_s = self._clock.monotonic_s()

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
