"""One shard: hosts the entities whose partitions it owns. A plain asyncio class; Ray is added in `remote`.

One loop of turns: take what waits, decide and apply it in memory, store one document per touched entity in one
insert, and only then answer and publish: nobody sees what is not stored. While the insert is in flight the next turn
collects. Answers and deliveries leave through `fetch` together, so a subscriber gets both in one parcel and a slow
entity never holds up the answers of the others.

State is touched in a turn, or while the entity is BUSY and no turn takes from it. No locks: everything runs on one
event loop, and awaits lie between the phases, never inside one.
"""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any, Final

import msgspec

from actors.kernel import wire
from actors.kernel.alarms import Alarms
from actors.kernel.deciding import INTERNAL, AttachQuery, Decider, digest, failure
from actors.kernel.entity import SYSTEM, Attach, Kind, Query
from actors.kernel.loading import Loader
from actors.kernel.metrics import ShardMetrics
from actors.kernel.outbox import Courier, Outbox
from actors.kernel.ownership import Ownership
from actors.kernel.partitions import partition_of
from actors.kernel.replaying import head_of, packets, replayed
from actors.kernel.resident import Caller, Decided, Draft, Host, Phase, Resident, Submission
from actors.kernel.sessions import Session, Sessions
from config.clock import Clock
from config.errors import CarewireError, Overloaded, Unavailable
from config.logs import get_logger
from config.settings import KernelSettings
from store.journal import Holder, Outcome, Snapshot, Stores, Timer, Turn

_log = get_logger(__name__)
_decode_attach: Final = msgspec.msgpack.Decoder(Attach).decode
_ATTACH_TAG: Final = b"\x83\xa4type\xadkernel.attach"  # how msgpack of an `Attach` begins
_RETRY_S: Final = 0.2  # pause after the database was not to be reached
_READS: Final = 64  # reads from storage at the same time
_DOUBT_S: Final = 10.0  # how long an insert that was given up may still be on its way
_PARTS: Final = 64  # parts of one entity kept in memory
_MOST_PER_TURN: Final = 1000  # commands: a turn must not hold the event loop for long
_LINGER_FROM: Final = 16  # commands in the last turn from which on a turn waits to be fuller
_MAX_PARCEL_BYTES: Final = 90_000  # below Ray's limit for inline results (100 KB)


class Shard:
    """Hosts entities. `submit`, `subscribe` and `fetch` take and give bytes (`wire`)."""

    def __init__(
        self,
        name: str,
        kinds: Sequence[Kind[Any]],
        stores: Stores,
        *,
        settings: KernelSettings,
        clock: Clock,
        holder: Holder,
        courier: Courier,
        metrics: ShardMetrics | None = None,
    ) -> None:
        self.name = name
        self._settings = settings
        self._clock = clock
        self._stores = stores
        self.metrics = metrics or ShardMetrics(name)
        self._hosts = {kind.name: Host(kind, stores) for kind in kinds}
        self._residents: dict[str, Resident] = {}
        self._ready: dict[str, Resident] = {}
        self._waiting = 0  # submissions in all mailboxes
        self._wake = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._reads = asyncio.Semaphore(_READS)
        self._last_turn = 0
        self._sessions = Sessions(
            clock,
            lease_s=settings.subscriber_lease_s,
            max_bytes=settings.max_buffered_bytes,
            max_parcel_bytes=_MAX_PARCEL_BYTES,
        )
        self._decider = Decider(stores.vault, max_turn_bytes=settings.max_turn_bytes, expired=self._expired)
        self._loader = Loader(
            stores,
            spawn=self._spawn,
            on_loaded=self._loaded,
            on_fetched=self._resume,
            on_failed=self._failed,
        )
        self._outbox = Outbox(stores, self._host_of, courier)
        self._alarms = Alarms(stores.timers, clock, self._fire)
        self._ownership = Ownership(
            stores,
            name=name,
            pool=name.rpartition("-")[0],
            holder=holder,
            clock=clock,
            lease_s=settings.lease_s,
            renewal_s=settings.lease_renewal_s,
            on_gain=self._gained,
            on_loss=self._lost,
        )

    # -- life ---------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Begin to acquire the lease and to run turns."""
        self._spawn(self._ownership.run())
        self._spawn(self._turns())
        self._spawn(self._alarms.run(lambda: sorted(self._ownership.partitions) if self._ownership.serving else []))
        self._spawn(self._sweep())

    async def stop(self) -> None:
        """Finish the turn in flight, save what is worth it, and give the lease up."""
        await self._drained()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._outbox.close()
        if self._ownership.serving:
            self._save([one for one in self._residents.values() if one.unsnapped and one.phase is Phase.READY])
            await asyncio.gather(*self._tasks, return_exceptions=True)
        self._lost()
        await self._ownership.release()

    @property
    def serving(self) -> bool:
        """Does the shard hold its lease?"""
        return self._ownership.serving

    @property
    def epoch(self) -> int:
        """Epoch of its lease; 0 without one."""
        return self._ownership.epoch

    def stats(self) -> dict[str, object]:
        """What `carewire status` shows of a shard."""
        return {
            "name": self.name,
            "serving": self.serving,
            "epoch": self.epoch,
            "entities": len(self._residents),
            "queued": self._waiting,
            "subscribers": len(self._sessions),
            "buffered_bytes": sum(session.buffered_bytes for session in self._sessions),
        }

    # -- calls of subscribers -----------------------------------------------------------------------------------

    async def subscribe(self, request: bytes) -> bytes:
        """Open or restart a subscription: `wire.Subscribe` -> `wire.Receipt`."""
        if not self.serving:
            return self._receipt(known=False)
        wanted = wire.decode_subscribe(request)
        session = self._sessions.start(wanted.subscriber, self.epoch)
        self._hear(session, wanted.topics)
        return self._receipt(known=True)

    async def submit(self, request: bytes) -> bytes:
        """Take a batch; the answers come with `fetch`: `wire.Batch` -> `wire.Receipt`."""
        batch = wire.decode_batch(request)
        session = self._sessions.get(batch.subscriber) if self.serving else None
        if session is None:
            return self._receipt(known=False)
        if batch.number > session.last_batch:  # else: taken already, the receipt was lost
            session.last_batch = batch.number
            self._sessions.forget(session, batch.forget)
            self._hear(session, batch.hear)
            caller = _Subscriber(session, self._sessions)
            for item in batch.items:
                self._accept(caller, item)
        return self._receipt(known=True)

    async def fetch(self, request: bytes) -> bytes:
        """Answers and deliveries since the last fetch, or after a while nothing: `wire.Fetch` -> `wire.Parcel`."""
        wanted = wire.decode_fetch(request)
        session = self._sessions.get(wanted.subscriber) if self.serving else None
        if session is None:
            return wire.encode(wire.ParcelOut(self.epoch, False, 0, [], [], []))
        parcel = await session.fetch(wanted.acked, self._settings.fetch_wait_s)
        if not self.serving:  # a zombie must not hand out what it has
            return wire.encode(wire.ParcelOut(0, False, 0, [], [], []))
        session.seen_s = self._clock.monotonic_s()
        return parcel

    def _receipt(self, *, known: bool) -> bytes:
        return wire.encode(wire.Receipt(self.epoch, known))

    # -- arrival ------------------------------------------------------------------------------------------------

    def _accept(self, caller: Caller, item: wire.Item) -> None:
        """Queue one item, or answer it at once when it cannot be queued."""
        host = self._host_of(item.entity)
        if host is None or not self._ownership.owns(partition_of(item.entity)):
            caller.answer(wire.Answer(item.ticket, wire.MOVED))
            return
        try:
            command = decode_command(host, item.command)
        except msgspec.MsgspecError:
            _log.error("command.unreadable", entity=item.entity, trace=item.trace)
            caller.answer(failure(item.ticket, INTERNAL, 0))
            return
        resident = self._resident(item.entity, host)
        full = len(resident.mailbox) >= self._settings.max_queued_per_entity
        if full or self._waiting >= self._settings.max_queued:
            self.metrics.overloaded.inc()
            error = Overloaded("The server is busy. Please try again in a moment.", retry_after_s=1.0)
            caller.answer(failure(item.ticket, error, resident.version))
            return
        self._enqueue(
            resident,
            Submission(
                caller,
                item.ticket,
                item.command_id,
                command,
                item.by,
                self._clock.monotonic_s() + item.patience_ms / 1000,
                item.trace,
                item.listen,
                item.again,
                item.named or item.again,
            ),
        )

    def _enqueue(self, resident: Resident, submission: Submission) -> None:
        resident.mailbox.append(submission)
        self._waiting += 1
        resident.used_s = self._clock.monotonic_s()
        if resident.phase is Phase.READY:
            self._mark_ready(resident)
        elif resident.phase is Phase.COLD:
            self._activate(resident)

    def _mark_ready(self, resident: Resident) -> None:
        self._ready[resident.id] = resident
        self._wake.set()

    def _host_of(self, entity_id: str) -> Host | None:
        return self._hosts.get(entity_id.partition(":")[0])

    def _resident(self, entity_id: str, host: Host) -> Resident:
        resident = self._residents.get(entity_id)
        if resident is None:
            resident = self._residents[entity_id] = Resident(entity_id, host, partition_of(entity_id))
        return resident

    def _expired(self, submission: Submission) -> bool:
        return self._clock.monotonic_s() > submission.deadline_s

    # -- turns --------------------------------------------------------------------------------------------------

    async def _turns(self) -> None:
        while True:
            await self._wake.wait()
            if self._last_turn >= _LINGER_FROM and self._settings.linger_ms:
                await asyncio.sleep(self._settings.linger_ms / 1000)
            self._wake.clear()
            if self.serving:
                await self._turn()

    async def _turn(self) -> None:
        """Decide all that waits, store it at once, and only then let anyone see it."""
        started_s = self._clock.monotonic_s()
        drafts = self._decide()
        self._last_turn = sum(len(draft.decided) for draft in drafts)
        for draft in drafts:
            if not draft.writes and draft.broken is None:
                self._finish(draft)
        await self._commit([draft for draft in drafts if draft.writes or draft.broken is not None])
        if drafts:
            self.metrics.turn(self._last_turn, self._clock.monotonic_s() - started_s)

    def _decide(self) -> list[Draft]:
        """A draft of each entity that is ready, as long as the turn has room; the others stay ready."""
        now_ms = self._clock.now_ms()
        room = _MOST_PER_TURN
        drafts = []
        for entity_id in list(self._ready):
            if room <= 0:
                self._wake.set()
                break
            resident = self._ready.pop(entity_id)
            if resident.phase is Phase.READY and resident.mailbox:
                before = len(resident.mailbox)
                resident.phase = Phase.COMMITTING
                drafts.append(self._decider.draft(resident, now_ms, most=room))
                taken = before - len(resident.mailbox)
                self._waiting -= taken
                room -= taken
        return drafts

    async def _commit(self, drafts: list[Draft]) -> None:
        whole = [draft for draft in drafts if draft.broken is None]
        outcomes = await self._append(whole) if whole else {}
        for draft in drafts:
            outcome = outcomes.get(draft.resident.id, Outcome.REFUSED)
            if draft.resident.phase is not Phase.COMMITTING:
                continue  # the lease was lost meanwhile, and everything with it
            if outcome is Outcome.STORED and draft.broken is None:
                self._stored(draft)
            else:
                self.metrics.not_stored(outcome)
                self._not_stored(draft, outcome)

    async def _append(self, drafts: list[Draft]) -> dict[str, Outcome]:
        timers = [timer for draft in drafts for timer in draft.timers]
        try:
            if timers:
                await self._alarms.put(timers)
        except Unavailable:
            return {}
        started_s = self._clock.monotonic_s()
        outcomes = await self._stores.journal.append([draft.close() for draft in drafts])
        self.metrics.journal_s.observe(self._clock.monotonic_s() - started_s)
        return dict(outcomes)

    def _stored(self, draft: Draft) -> None:
        resident = draft.resident
        resident.turn += 1
        resident.version = draft.version
        resident.at_ms = draft.at_ms
        resident.unsnapped += 1
        resident.doubt_until_s = 0.0
        for command_id, (reply, version) in draft.replies.items():
            resident.remember(command_id, reply, version)
        self.metrics.stored(len(draft.events))
        if draft.effects:
            resident.phase = Phase.BUSY
            self._spawn(self._perform(draft))
        else:
            self._finish(draft)

    async def _perform(self, draft: Draft) -> None:
        assert draft.turn is not None
        await self._outbox.perform([draft.turn])
        if draft.resident.phase is Phase.BUSY:
            self._finish(draft)

    def _finish(self, draft: Draft) -> None:
        """Let everyone see what is stored, and go on with the entity."""
        resident = draft.resident
        for decided in draft.decided:
            self._reveal(resident, decided)
        if draft.writes:
            resident.published_turn = resident.turn
        if draft.missing is not None:
            resident.phase = Phase.BUSY
            self._loader.fetch(resident, draft.missing)
            return
        resident.trim_parts(_PARTS)
        if resident.unsnapped >= self._settings.snapshot_every:
            self._save([resident])
        self._resume(resident)

    def _reveal(self, resident: Resident, decided: Decided) -> None:
        submission = decided.submission
        if decided.deliveries:
            self._sessions.publish(resident.id, decided.deliveries)
        if decided.query is not None:
            if submission.listen:
                submission.caller.listen(resident.id, decided.version)
            self._spawn(self._read(resident, decided, decided.query))
            return
        assert decided.answer is not None
        if submission.listen and not decided.answer.code:
            submission.caller.listen(resident.id, decided.version)
        submission.caller.answer(decided.answer)

    def _not_stored(self, draft: Draft, outcome: Outcome) -> None:
        """Forget what memory believes, and decide everything of this turn again, in its order."""
        resident = draft.resident
        if draft.broken is not None:
            draft.broken.caller.answer(failure(draft.broken.ticket, INTERNAL, resident.version))
        for decided in reversed(draft.decided):
            decided.submission.again |= outcome is Outcome.UNKNOWN  # if it is stored after all, it was this one
            resident.mailbox.appendleft(decided.submission)
        self._waiting += len(draft.decided)
        resident.forget()
        resident.suspects = True
        if outcome is Outcome.UNKNOWN:
            resident.doubt_until_s = self._clock.monotonic_s() + _DOUBT_S
        self._activate(resident)

    def _resume(self, resident: Resident) -> None:
        if self._residents.get(resident.id) is not resident:
            return  # the lease was lost meanwhile, and everything with it
        resident.phase = Phase.READY
        if resident.mailbox:
            self._mark_ready(resident)

    # -- activation ---------------------------------------------------------------------------------------------

    def _activate(self, resident: Resident) -> None:
        resident.phase = Phase.BUSY
        self._loader.load(resident)

    def _loaded(self, resident: Resident, owed: list[Turn]) -> None:
        self._spawn(self._settle_in(resident, owed))

    async def _settle_in(self, resident: Resident, owed: list[Turn]) -> None:
        """Do what earlier turns still owe, and publish what was stored without our knowing."""
        if owed:
            await self._outbox.perform(owed)
        try:
            await self._publish_unpublished(resident)
        except Unavailable:
            resident.entity = None  # begin again
            self._failed(resident)
            return
        if resident.phase is Phase.BUSY:
            self._resume(resident)

    async def _publish_unpublished(self, resident: Resident) -> None:
        since = resident.published_turn
        if since is None or since >= resident.turn:
            resident.published_turn = resident.turn
            return
        turns = await self._stores.journal.turns(resident.id, after=since, limit=1)
        if turns:
            deliveries = [
                (one.version, wire.encode(one))
                async for one in replayed(
                    resident.host,
                    resident.id,
                    turns[0].first_seq - 1,
                    upto=resident.version,
                    limit=resident.version,
                )
            ]
            self._sessions.publish(resident.id, deliveries)
        resident.published_turn = resident.turn

    def _failed(self, resident: Resident) -> None:
        """The database is not to be reached: drop those who no longer wait, and try again for the others."""
        alive = [one for one in resident.mailbox if not self._expired(one)]
        self._waiting -= len(resident.mailbox) - len(alive)
        resident.mailbox.clear()
        resident.mailbox.extend(alive)
        if resident.phase is not Phase.BUSY:
            return
        if alive or resident.published_turn is not None:  # it may hold what nobody has been shown yet
            asyncio.get_running_loop().call_later(_RETRY_S, self._retry, resident)
        else:
            self._residents.pop(resident.id, None)

    def _retry(self, resident: Resident) -> None:
        if resident.phase is not Phase.BUSY:
            return
        if resident.entity is None:
            self._activate(resident)
        else:
            self._resume(resident)

    # -- reads --------------------------------------------------------------------------------------------------

    async def _read(self, resident: Resident, decided: Decided, query: Query) -> None:
        submission = decided.submission
        try:
            async with self._reads:
                data = await self._answer_query(resident.host, resident.id, decided.version, query)
            answer = wire.Answer(submission.ticket, "", msgspec.json.encode(data), decided.version)
        except CarewireError as error:
            answer = failure(submission.ticket, error, decided.version)
        except Exception:
            _log.exception("read.failed", entity=resident.id, trace=submission.trace)
            answer = failure(submission.ticket, INTERNAL, decided.version)
        if self.serving:
            submission.caller.answer(answer)

    async def _answer_query(self, host: Host, entity_id: str, version: int, query: Query) -> object:
        if not isinstance(query, AttachQuery):
            return await host.kind.read(query, entity_id, version, host.library)
        missed: list[msgspec.Raw] = []
        if query.since is not None and query.since < version:
            missed = await packets(host, entity_id, query.since, upto=version, limit=query.limit)
        return {"version": version, "packets": missed}

    def _hear(self, session: Session, topics: dict[str, int]) -> None:
        for topic, since in topics.items():
            if self._ownership.owns(partition_of(topic)) and self._host_of(topic) is not None:
                self._sessions.catch_up(session, topic)
                self._spawn(self._catch_up(session, topic, since))

    async def _catch_up(self, session: Session, topic: str, since: int) -> None:
        """Read the past of a topic from the journal, then let what happened meanwhile through, once."""
        waiting = session.topics.get(topic)
        host = self._host_of(topic)
        if waiting is None or host is None:
            return
        try:
            async with self._reads:
                head = await head_of(self._stores.journal, topic)
                limit = self._settings.max_replayed_events
                past = [one async for one in replayed(host, topic, since, upto=head, limit=limit)]
        except Unavailable:
            session.lose(topic)
            return
        if session.topics.get(topic) is not waiting:
            return  # forgotten, or heard anew, meanwhile
        seen = since
        session.topics[topic] = None
        for one in past:
            session.deliver_now(topic, one.version, wire.encode(one))
            seen = max(seen, one.version)
        for version, encoded in waiting.waiting:
            if version > seen:
                session.deliver_now(topic, version, encoded)

    # -- timers -------------------------------------------------------------------------------------------------

    def _fire(self, timer: Timer) -> None:
        host = self._host_of(timer.entity)
        if host is None or not self._ownership.owns(timer.partition):
            return
        try:
            command = host.decode_command(timer.command)
        except msgspec.MsgspecError:
            _log.error("timer.unreadable", entity=timer.entity)
            return
        self._enqueue(
            self._resident(timer.entity, host),
            Submission(
                _TimerCaller(self, timer),
                0,
                digest(timer.entity, timer.id),
                command,
                SYSTEM,
                float("inf"),
                again=True,
                unchecked=True,
            ),
        )

    def timer_answered(self, timer: Timer, answer: wire.Answer) -> None:
        """A timer's command was carried out or refused: either way it is over, unless we are to blame."""
        if answer.code in ("unavailable", "overloaded"):
            self._alarms.again(timer)
        else:
            self._spawn(self._alarms.done(timer))

    # -- housekeeping -------------------------------------------------------------------------------------------

    def _gained(self) -> None:
        self._spawn(self._recover())

    async def _recover(self) -> None:
        """Do what the last life of this shard left undone."""
        while self.serving:
            try:
                partitions = sorted(self._ownership.partitions)
                turns = await self._stores.journal.unsettled(partitions, limit=500)
            except Unavailable:
                await asyncio.sleep(_RETRY_S)
                continue
            await self._outbox.perform([turn for turn in turns if self._host_of(turn.entity) is not None])
            await self._outbox.drain()
            if len(turns) < 500:
                return

    def _lost(self) -> None:
        """The lease is void: whatever is in memory is no longer ours to show or to change."""
        for resident in self._residents.values():
            resident.phase = Phase.COLD
        self._residents.clear()
        self._ready.clear()
        self._waiting = 0
        self._alarms.clear()
        self._sessions.clear()

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            self._sessions.expire()
            self._recheck()
            self._passivate()
            self.metrics.levels(self.stats())

    def _recheck(self) -> None:
        """An append given up as unknown may arrive when nobody waits for it any more: look again for a while."""
        for resident in self._residents.values():
            if resident.doubt_until_s and resident.phase is Phase.READY and not resident.mailbox:
                if self._clock.monotonic_s() > resident.doubt_until_s:
                    resident.doubt_until_s = 0.0
                resident.forget()
                self._activate(resident)

    def _passivate(self) -> None:
        idle_before_s = self._clock.monotonic_s() - self._settings.passivate_after_s
        idle = [
            one
            for one in self._residents.values()
            if one.phase is Phase.READY
            and not one.mailbox
            and not one.doubt_until_s
            and (one.used_s < idle_before_s or not one.version)
        ]
        surplus = len(self._residents) - len(idle) - self._settings.max_active
        if surplus > 0:
            quiet = [one for one in self._residents.values() if one.phase is Phase.READY and not one.mailbox]
            idle = sorted(quiet, key=lambda one: one.used_s)[: len(idle) + surplus]
        for resident in idle:
            del self._residents[resident.id]
        self._save([one for one in idle if one.unsnapped >= self._settings.snapshot_every // 10])

    def _save(self, residents: list[Resident]) -> None:
        """Snapshot entities that stand between two turns; the writing goes on behind."""
        snapshots = []
        for resident in residents:
            state = resident.host.kind.snapshot(resident.entity)
            snapshots.append(Snapshot(resident.id, resident.turn, resident.version, resident.at_ms, state))
            resident.unsnapped = 0
        if snapshots:
            self._spawn(self._write(snapshots))

    async def _write(self, snapshots: list[Snapshot]) -> None:
        try:
            await self._stores.journal.save(snapshots)
        except Unavailable:
            return  # the next one will do; the journal has it all

    async def _drained(self) -> None:
        deadline_s = self._clock.monotonic_s() + self._settings.lease_renewal_s
        while self.serving and self._waiting and self._clock.monotonic_s() < deadline_s:
            await asyncio.sleep(0.01)

    def _spawn(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("shard.task_failed", shard=self.name, exc_info=error)


class _Subscriber:
    """A session as the caller of one submission."""

    __slots__ = ("_session", "_sessions")

    def __init__(self, session: Session, sessions: Sessions) -> None:
        self._session = session
        self._sessions = sessions

    def answer(self, answer: wire.Answer) -> None:
        self._session.answer(answer)

    def listen(self, topic: str, version: int) -> None:
        self._sessions.listen(self._session, topic, version)


class _TimerCaller:
    """The shard itself as the caller of a timer's command."""

    def __init__(self, shard: Shard, timer: Timer) -> None:
        self._shard = shard
        self._timer = timer

    def answer(self, answer: wire.Answer) -> None:
        self._shard.timer_answered(self._timer, answer)

    def listen(self, topic: str, version: int) -> None:
        """A timer listens to nothing."""


def decode_command(host: Host, packed: bytes) -> Any:
    """A command of the kind, or the kernel's own `Attach`. Raises msgspec.MsgspecError."""
    if packed.startswith(_ATTACH_TAG):
        return _decode_attach(packed)
    return host.decode_command(packed)
