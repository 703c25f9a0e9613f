"""Reads from storage beside the turns: queries, and the past of a topic for those who come back."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from actors.kernel.contract import protocol
from actors.kernel.contract.answers import INTERNAL, failure
from actors.kernel.contract.entity import Query
from actors.kernel.history.replay import head_of, packets, replayed
from actors.kernel.history.runtime import KindRuntime
from actors.kernel.lib.backoffs import database_backoff
from actors.kernel.shard.context import ShardContext
from actors.kernel.shard.decider import AttachQuery
from actors.kernel.shard.residents.resident import Decided
from actors.kernel.shard.topics.replay_buffer import ReplayBuffer
from actors.kernel.shard.topics.subscriber import CatchUp, Subscriber
from actors.kernel.shard.topics.subscribers import Subscribers
from common.errors import CarewireError, Unavailable
from common.logs import get_logger

_log = get_logger(__name__)
_AT_ONCE: Final = 64
_HEADS: Final = 500  # topics a query
_to_json: Final = msgspec.json.Encoder().encode


class QueryRunner:
    """Never touches an entity; a bounded number at the same time."""

    def __init__(
        self,
        context: ShardContext,
        subscribers: Subscribers,
        replay: ReplayBuffer,
    ) -> None:
        self._journal = context.stores.journal
        self._subscribers = subscribers
        self._replay = replay
        self._tasks = context.tasks
        self._max_replayed = context.settings.max_replayed_events
        self._serving = context.serving
        self._room = asyncio.Semaphore(_AT_ONCE)

    def answer(self, runtime: KindRuntime, entity_id: str, decided: Decided, query: Query) -> None:
        """Answer what a decision left to be read; its turn is stored."""
        if decided.submission.unread:
            correlation_id = decided.submission.correlation_id
            decided.submission.caller.answer(
                protocol.ItemAnswer(correlation_id=correlation_id, version=decided.version)
            )
            return
        if isinstance(query, AttachQuery) and (missed := self._missed(entity_id, decided, query)) is not None:
            data = _to_json({"version": decided.version, "packets": missed})
            decided.submission.caller.answer(
                protocol.ItemAnswer(
                    correlation_id=decided.submission.correlation_id, code="", data=data, version=decided.version
                )
            )
            return
        self._tasks.spawn(self._answer(runtime, entity_id, decided, query))

    def subscribe(self, session: Subscriber, topics: Mapping[str, tuple[KindRuntime, int]]) -> None:
        """Let a session hear topics: first what it missed above a version of each, then what happens."""
        catching = {topic: self._subscribers.catch_up(session, topic) for topic in topics}
        self._tasks.spawn(self._subscribe(session, topics, catching))

    async def _answer(self, runtime: KindRuntime, entity_id: str, decided: Decided, query: Query) -> None:
        submission = decided.submission
        try:
            async with self._room:
                data = await self._read(runtime, entity_id, decided, query)
            answer = protocol.ItemAnswer(
                correlation_id=submission.correlation_id, code="", data=_to_json(data), version=decided.version
            )
        except CarewireError as error:
            answer = failure(submission.correlation_id, error, decided.version)
        except Exception:  # a bug in a read must cost its caller an answer, nobody else  # noqa: BLE001
            _log.exception("read.failed", entity=entity_id, trace=submission.trace)
            answer = failure(submission.correlation_id, INTERNAL, decided.version)
        if self._serving():  # a zombie must not hand out what it has
            submission.caller.answer(answer)

    async def _read(self, runtime: KindRuntime, entity_id: str, decided: Decided, query: Query) -> object:
        version, user = decided.version, decided.submission.by.user
        if not isinstance(query, AttachQuery):
            return await runtime.kind.read(query, entity_id, version, runtime.library)
        assert query.since is not None
        missed = await packets(runtime, entity_id, query.since, upto=version, limit=query.limit, user=user)
        return {"version": version, "packets": missed}

    def _missed(self, entity_id: str, decided: Decided, query: AttachQuery) -> Sequence[msgspec.Raw] | None:
        """The deliveries that were missed, from memory; None: the journal must be asked."""
        version, user = decided.version, decided.submission.by.user
        since = version if query.since is None else query.since
        return self._replay.missed(entity_id, since, upto=version, limit=query.limit, user=user)

    async def _subscribe(
        self, session: Subscriber, topics: Mapping[str, tuple[KindRuntime, int]], catching: Mapping[str, CatchUp]
    ) -> None:
        """Most topics have missed nothing: one query for all tells which have."""
        names = list(topics)
        for start in range(0, len(names), _HEADS):
            some = names[start : start + _HEADS]
            try:
                heads = await self._journal.heads(some)
            except Exception as error:  # whatever a journal that is read throws, this topic is lost and told anew  # noqa: BLE001
                await _pause(error)
                for topic in some:
                    session.lose(topic)
                continue
            for topic in some:
                runtime, since = topics[topic]
                head = heads.get(topic, (0, 0))[0]
                if head <= since and not catching[topic].overflowed:
                    _let_through(session, topic, catching[topic], since)
                else:
                    self._tasks.spawn(
                        self._catch_up(
                            session=session, runtime=runtime, topic=topic, waiting=catching[topic], since=since
                        )
                    )

    async def _catch_up(
        self, session: Subscriber, runtime: KindRuntime, topic: str, waiting: CatchUp, since: int
    ) -> None:
        """Read the past from the journal as fast as the subscriber takes it, then let through what waits."""
        seen = since
        async with session.catching:
            try:
                while True:
                    waiting.begin()
                    head = await head_of(self._journal, topic)
                    async for delivery in replayed(runtime, topic, seen, upto=head, limit=self._max_replayed):
                        await session.has_room()
                        if session.topics.get(topic) is not waiting:
                            return  # forgotten, or heard anew, meanwhile
                        session.deliver_now(topic, protocol.encode(delivery))
                        seen = max(seen, delivery.version)
                    if not waiting.overflowed:
                        break
            except Exception as error:  # whatever a journal that is read throws, this topic is lost and told anew  # noqa: BLE001
                await _pause(error)
                session.lose(topic)
                return
        _let_through(session, topic, waiting, seen)


async def _pause(error: Exception) -> None:
    """A past that could not be read is asked for again. A bug must not make a topic silent, only slow and loud."""
    if not isinstance(error, Unavailable):
        _log.error("replay.failed", exc_info=error)
    await database_backoff().pause()


def _let_through(session: Subscriber, topic: str, waiting: CatchUp, seen: int) -> None:
    """The past is told: what happened meanwhile, each event once; from now on, live."""
    if session.topics.get(topic) is not waiting:
        return
    session.topics[topic] = None
    for version, encoded in waiting.waiting:
        if version > seen:
            session.deliver_now(topic, encoded)
