"""One presence shard: takes what gateways report, and hands out what they watch. A plain asyncio class.

Its memory is volatile: a new life of the shard knows nobody, tells each gateway so with its next call, and is told
everything again. Until they have had the time for that (`settle_s`) nobody is called offline for not being heard of.
"""

import asyncio
from typing import Final

from actors.kernel.lib.backoffs import database_backoff
from actors.kernel.lib.means import RecentMean
from actors.presence import keeping, wire
from actors.presence.metrics import PresenceMetrics
from actors.presence.presence import Presence
from actors.presence.state import Instant, State
from common.clock import Clock
from common.errors import Unavailable
from common.lib.tasks import Tasks
from common.logs import get_logger
from config.settings import PresenceSettings
from store.ports.views import Views

_log = get_logger(__name__)
_TICK_S: Final = 0.1
_KEEP_S: Final = 1.0  # between two rounds of writing
_LOADED: Final = 500  # memories read, or written, in one go
_MOST_STATES: Final = 1000  # of one result: some 60 KB
_NOT_KNOWN: Final = wire.encode(wire.PresenceResult(False, 0, []))
_KNOWN: Final = wire.encode(wire.ReportAck(True))
_UNKNOWN: Final = wire.encode(wire.ReportAck(False))


class _Session:
    """One gateway's end: what it has said, and what it was sent last."""

    __slots__ = ("fetches", "last_report", "life", "news", "number", "sent", "sent_s", "stirred_s")

    def __init__(self, life: int) -> None:
        self.life = life
        self.last_report = 0
        self.number = 0
        self.sent: list[State] = []
        self.sent_s = float("-inf")
        self.fetches = 0
        self.news = asyncio.Event()
        self.stirred_s: float | None = None  # since when there is something to tell


class PresenceShard:
    """See the module. `subscribe`, `submit` and `fetch` take and give bytes (`wire`), as `shard_client.ShardClient`."""

    def __init__(self, name: str, views: Views, *, settings: PresenceSettings, clock: Clock) -> None:
        self.name = name
        self.metrics = PresenceMetrics()
        self.tasks = Tasks(name)
        self._views = views
        self._settings = settings
        self._clock = clock
        self._news_mean = RecentMean(self.metrics.registry, "carewire_presence_news_seconds")
        self._presence = Presence(
            grace_s=settings.grace_s, lease_s=settings.gateway_lease_s, settled=settings.settle_s == 0
        )
        self._sessions: dict[str, _Session] = {}
        self._to_load = asyncio.Event()

    async def start(self) -> None:
        """Begin."""
        self.tasks.spawn(self._tick())
        self.tasks.spawn(self._load())
        self.tasks.spawn(self._keep())

    async def stop(self) -> None:
        """Write what is not written yet, if that works at once, and end."""
        await self.tasks.cancel()
        self._sessions.clear()
        try:
            while self._presence.memories:
                await self._keep_some()
        except Unavailable:
            _log.warning("presence.not_kept", shard=self.name, users=len(self._presence.memories))

    def stats(self) -> dict[str, object]:
        """The figures that `carewire status` shows of a shard, `ahead_ms` once the platform's time was moved."""
        presence = self._presence
        ahead_ms = self._clock.platform_ms() - self._clock.now_ms()
        moved = {"ahead_ms": ahead_ms} if ahead_ms else {}
        return moved | {
            "name": self.name,
            "serving": True,
            "entities": len(presence),
            "present": presence.present,
            "watched": presence.watched,
            "subscribers": presence.gateways,
            "queued": len(presence.memories),
            "lag_ms": self._news_mean.ms(self._clock.monotonic_s()),
        }

    async def subscribe(self, request: bytes) -> bytes:
        """A gateway begins, or begins anew: `wire.OpenPresence` -> `wire.ReportAck`."""
        opened = wire.decode_open(request)
        session = self._sessions.get(opened.gateway)
        if session is None or session.life < opened.life:
            self._release(session)
            self._sessions[opened.gateway] = _Session(opened.life)
            self._presence.open(opened.gateway, self._now())
            self.metrics.reopened.inc()
            return _KNOWN
        return _KNOWN if session.life == opened.life else _UNKNOWN

    async def submit(self, request: bytes) -> bytes:
        """A gateway reports: `wire.PresenceReport` -> `wire.ReportAck`."""
        report = wire.decode_report(request)
        session = self._session(report.gateway, report.life)
        if session is None:
            return _UNKNOWN
        if report.number > session.last_report:  # else: taken already, the ack was lost
            session.last_report = report.number
            self._take(report)
            self._spread()
        return _KNOWN

    async def fetch(self, request: bytes) -> bytes:
        """The states that have changed, or after a while none: `wire.FetchPresence` -> `wire.PresenceResult`."""
        wanted = wire.decode_fetch(request)
        session = self._session(wanted.gateway, wanted.life)
        if session is None:
            return _NOT_KNOWN
        if wanted.acked < session.number:
            self._presence.again(wanted.gateway, session.sent)
        session.sent = []
        session.fetches += 1
        this = session.fetches
        session.news.set()  # an older fetch, whose caller has given up, shall not wait on
        await self._wait_for_news(wanted.gateway, session)
        if self._session(wanted.gateway, wanted.life) is not session:
            return _NOT_KNOWN
        if this == session.fetches and self._presence.news(wanted.gateway):
            session.sent = self._presence.take(wanted.gateway, _MOST_STATES)
            session.number += 1
            session.sent_s = self._clock.monotonic_s()
            self.metrics.states.inc(len(session.sent))
            if session.stirred_s is not None:
                self.metrics.news_s.observe(session.sent_s - session.stirred_s)
                session.stirred_s = None
            return wire.encode(wire.PresenceResult(True, session.number, session.sent))
        return wire.encode(wire.PresenceResult(True, wanted.acked, []))

    async def _wait_for_news(self, gateway: str, session: _Session) -> None:
        """Until there is something; then a little longer, so that what happens meanwhile goes along."""
        if not self._presence.news(gateway):
            session.news.clear()
            try:
                async with asyncio.timeout(self._settings.fetch_wait_s):
                    await session.news.wait()
            except TimeoutError:
                return
        pause_s = session.sent_s + self._settings.tick_ms / 1000 - self._clock.monotonic_s()
        if pause_s > 0 and self._presence.news(gateway) < _MOST_STATES:
            await asyncio.sleep(pause_s)

    def _session(self, gateway: str, life: int) -> _Session | None:
        """The session, its lease renewed."""
        session = self._sessions.get(gateway)
        if session is None or session.life != life:
            return None
        self._presence.heard(gateway, self._now())
        return session

    def _take(self, report: wire.PresenceReport) -> None:
        presence, gateway, now = self._presence, report.gateway, self._now()
        for seat in report.seats:
            presence.seat(gateway, seat.user, seat.devices, now, left_ago_s=seat.left_ago_ms / 1000)
        for choice in report.choices:
            presence.choose(choice.user, choice.status, choice.at_ms, now, again=choice.again)
        for user in report.watch:
            presence.watch(gateway, user, now)
        for user in report.unwatch:
            presence.unwatch(gateway, user)
        if report.bye:
            presence.close(gateway, now)
            self._release(self._sessions.pop(gateway))
        self.metrics.reports.inc()

    def _spread(self) -> None:
        """Wake whoever has to do with what has just happened."""
        presence = self._presence
        for gateway in presence.stirred:
            if (session := self._sessions.get(gateway)) is not None:
                session.news.set()
                session.stirred_s = self._clock.monotonic_s() if session.stirred_s is None else session.stirred_s
        presence.stirred.clear()
        if presence.to_load:
            self._to_load.set()

    def _release(self, session: _Session | None) -> None:
        if session is not None:
            session.news.set()

    async def _tick(self) -> None:
        settled_s = self._clock.monotonic_s() + self._settings.settle_s
        while True:
            now = self._now()
            if now.s >= settled_s:
                self._presence.settle(now)
            for gateway in self._presence.tick(now):
                _log.warning("presence.gateway_lapsed", shard=self.name, gateway=gateway)
                self.metrics.lapsed.inc()
                self._release(self._sessions.pop(gateway))
            self._spread()
            await asyncio.sleep(_TICK_S)

    async def _load(self) -> None:
        presence = self._presence
        backoff = database_backoff()
        while True:
            await self._to_load.wait()
            self._to_load.clear()
            while presence.to_load:
                users = list(presence.to_load)[:_LOADED]
                try:
                    memories = await keeping.load(self._views, users)
                except Unavailable:
                    self.metrics.database.inc()
                    await backoff.pause()
                    continue
                backoff.reset()
                now = self._now()
                for user in users:
                    presence.to_load.pop(user, None)
                    presence.remember(user, memories.get(user), now)
                self._spread()

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(_KEEP_S)
            try:
                while self._presence.memories:
                    await self._keep_some()
            except Unavailable:
                self.metrics.database.inc()

    async def _keep_some(self) -> None:
        some = list(self._presence.memories.items())[:_LOADED]
        await keeping.keep(self._views, some)
        for user, memory in some:
            self._presence.kept(user, memory)

    def _now(self) -> Instant:
        return Instant(self._clock.monotonic_s(), self._clock.platform_ms())
