"""Subscriptions: topics and the sockets that listen to them. Pure: no socket, no clock, no I/O.

A join is made before its command is submitted and settled by the reply. In between, what the topic delivers is held
for the socket. The reply names the version V that it reflects, so what is held up to V is dropped and what is above
flows: no gap, nothing twice. An eviction found among what is held counts as well, so nothing leaks to somebody who
was removed while the answer was on its way.

A socket may have several joins of one topic under way. An eviction at or below a version at which the socket was
admitted again is news, not an end: the socket hears it and goes on above that version. Should the answer of a later
join be settled first, then what it reflects is told by it, and not sent again for the earlier one.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Generic, Protocol, TypeVar

from actors.kernel.contract.protocol import TopicDelivery
from common.errors import FailedPrecondition, Overloaded


class SubscribedSocket(Hashable, Protocol):
    """A socket, as far as routing is concerned."""

    @property
    def user(self) -> str:
        """The user of the socket."""
        ...


S = TypeVar("S", bound=SubscribedSocket)


@dataclass(slots=True, eq=False)
class _Listener(Generic[S]):
    """One socket in one topic. `floor`: hears nothing numbered up to it. `admissions`: the V of joins that the
    deliveries have yet to reach."""

    who: S
    topic: str
    member: bool = False  # a join has succeeded, and no eviction came since
    closed: bool = False  # the socket has left; joins still under way are void
    joins: int = 0  # under way
    floor: int = 0
    admissions: tuple[int, ...] = ()
    held: list[TopicDelivery] = field(default_factory=list)
    held_bytes: int = 0
    overflowed: bool = False


@dataclass(slots=True)
class _Topic(Generic[S]):
    """`live` hear everything that comes. `held` are watched one by one: joining, or above what they may hear yet."""

    last: int = 0  # highest version routed; 0: none yet
    live: dict[S, _Listener[S]] = field(default_factory=dict)
    held: dict[S, _Listener[S]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PendingJoin(Generic[S]):
    """A join under way. Hand it back to `joined` or `failed`, exactly once."""

    listener: _Listener[S]


_MAX_HELD_BYTES: Final = 1_000_000


class GatewayTopics(Generic[S]):
    """The topics of one gateway."""

    def __init__(
        self, on_idle: Callable[[str], None], *, max_topics: int, max_held_bytes: int = _MAX_HELD_BYTES
    ) -> None:
        """`on_idle` is told of a topic that nobody listens to any more. `max_topics` are those of one socket,
        `max_held_bytes` what is held for one join."""
        self._on_idle = on_idle
        self._max_topics = max_topics
        self._max_held_bytes = max_held_bytes
        self._topics: dict[str, _Topic[S]] = {}
        self._listeners: dict[S, dict[str, _Listener[S]]] = {}
        self.joining = 0  # joins under way
        self.held_bytes = 0

    def __len__(self) -> int:
        """Topics that somebody listens to."""
        return len(self._topics)

    def version(self, topic: str) -> int:
        """The highest version routed in this topic; 0 when there was none."""
        found = self._topics.get(topic)
        return found.last if found is not None else 0

    def topics(self, who: S) -> list[str]:
        """The topics that this socket listens to, or is about to."""
        return list(self._listeners.get(who, ()))

    def join(self, who: S, topic: str) -> PendingJoin[S]:
        """Begin a join: from now on nothing of the topic is lost for this socket.

        Raises:
            FailedPrecondition: the socket listens to as many topics as it may.
        """
        mine = self._listeners.setdefault(who, {})
        listener = mine.get(topic)
        if listener is None:
            if len(mine) >= self._max_topics:
                raise FailedPrecondition("This connection has joined as many rooms as it may. Leave one first.")
            listener = mine[topic] = _Listener(who, topic)
            self._topics.setdefault(topic, _Topic()).held[who] = listener
        listener.joins += 1
        self.joining += 1
        return PendingJoin(listener)

    def joined(self, join: PendingJoin[S], version: int) -> list[TopicDelivery]:
        """The join succeeded at `version`: what the socket must be sent now, in order; the rest flows.

        Raises:
            Overloaded: more came meanwhile than is held; the join has failed.
        """
        listener = self._settle(join)
        if listener.closed:
            self._check_idle(listener.topic)
            return []
        if listener.overflowed:
            self._drop_unless_wanted(listener)
            raise Overloaded("The room is too busy to be joined right now. Try again.", retry_after_s=1.0)
        listener.admissions = (*listener.admissions, version)
        if listener.member:
            return []
        listener.member = True
        listener.floor = max(listener.floor, version)
        return self._release(listener)

    def failed(self, join: PendingJoin[S]) -> None:
        """The join was refused, or nobody knows what became of it."""
        listener = self._settle(join)
        if listener.closed:
            self._check_idle(listener.topic)
        else:
            self._drop_unless_wanted(listener)

    def leave(self, who: S, topic: str) -> None:
        """This socket hears no more of the topic. Joins that are under way are void. Idempotent."""
        mine = self._listeners.get(who)
        if mine is not None and topic in mine:
            self._close(mine[topic])

    def gone(self, who: S) -> None:
        """The socket has closed. Idempotent."""
        for listener in list(self._listeners.get(who, {}).values()):
            self._close(listener)

    def route(self, delivery: TopicDelivery) -> Iterable[S]:
        """The sockets that are to hear of this now; what each gets of it is `TopicDelivery.packet_for`. Good until the
        next call of any method."""
        topic = self._topics.get(delivery.topic)
        if topic is None or 0 < delivery.version <= topic.last:
            return ()
        if delivery.version:
            topic.last = delivery.version
        if _is_for_all(topic, delivery):
            return topic.live
        return self._route_one_by_one(topic, delivery)

    def runs(self, deliveries: Iterable[TopicDelivery]) -> Iterator[tuple[list[TopicDelivery], Iterable[S]]]:
        """`route` for many, in their order: those that follow each other to the same sockets come together. Each run
        must be sent before the next one is asked for."""
        run: list[TopicDelivery] = []
        hearers: Iterable[S] = ()
        for delivery in deliveries:
            topic = self._topics.get(delivery.topic)
            if run and (topic is None or topic.live is not hearers or not _is_for_all(topic, delivery)):
                yield run, hearers
                run = []
            found = self.route(delivery)
            if topic is not None and found is topic.live:
                run.append(delivery)
                hearers = found
                continue
            if run:  # this one is a repeat
                yield run, hearers
                run = []
            yield [delivery], found
        if run:
            yield run, hearers

    def _route_one_by_one(self, topic: _Topic[S], delivery: TopicDelivery) -> list[S]:
        hearers = list(topic.live)
        watched = list(topic.held.values())
        if delivery.evict:
            for listener in [live for who, live in topic.live.items() if who.user == delivery.evict]:
                del topic.live[listener.who]
                self._heard(listener, delivery)
                self._place(topic, listener)
        for listener in watched:
            if not listener.member:
                self._hold(listener, delivery)
            elif _may_hear(listener, delivery):
                hearers.append(listener.who)
                self._heard(listener, delivery)
            self._place(topic, listener)
        if not topic.live and not topic.held:
            self._check_idle(delivery.topic)
        return hearers

    def _release(self, listener: _Listener[S]) -> list[TopicDelivery]:
        """Send what is held to a socket that has just become a member; an eviction makes it wait again, or leave."""
        topic = self._topics[listener.topic]
        held = self._take_held(listener)
        sent: list[TopicDelivery] = []
        # What has no number is placed by its neighbours: it is old news if something up to the floor comes after it.
        fresh = max((index for index, old in enumerate(held) if 0 < old.version <= listener.floor), default=-1)
        for index, delivery in enumerate(held):
            hears = _may_hear(listener, delivery) and index > fresh
            if hears:
                sent.append(delivery)
            if hears or _ends(listener, delivery):
                self._heard(listener, delivery)
            if not listener.member:
                for later in held[index + 1 :]:
                    self._hold(listener, later)
                break
        self._place(topic, listener)
        self._check_idle(listener.topic)
        return sent

    def _heard(self, listener: _Listener[S], delivery: TopicDelivery) -> None:
        """The socket has it. An eviction ends its membership, and is kept for a join that is still under way:
        should that turn out to be an admission from before, it is void."""
        listener.floor = max(listener.floor, delivery.version)
        if delivery.evict == listener.who.user:
            listener.admissions = _later(listener, delivery)
            listener.floor = max(listener.floor, min(listener.admissions, default=0))
            if not listener.admissions:
                listener.member = False
                self._hold(listener, delivery)

    def _hold(self, listener: _Listener[S], delivery: TopicDelivery) -> None:
        if not listener.joins or listener.overflowed:
            return
        listener.held.append(delivery)
        listener.held_bytes += delivery.size
        self.held_bytes += delivery.size
        if listener.held_bytes > self._max_held_bytes:
            self._take_held(listener)
            listener.overflowed = True

    def _take_held(self, listener: _Listener[S]) -> list[TopicDelivery]:
        held, listener.held = listener.held, []
        self.held_bytes -= listener.held_bytes
        listener.held_bytes = 0
        return held

    def _place(self, topic: _Topic[S], listener: _Listener[S]) -> None:
        """Put the listener where it belongs by now: live, held, or out."""
        who = listener.who
        if listener.member and topic.last >= listener.floor:
            listener.admissions = tuple(version for version in listener.admissions if version > topic.last)
            topic.held.pop(who, None)
            topic.live[who] = listener
        elif listener.member or listener.joins:
            topic.held[who] = listener
        else:
            self._remove(topic, listener)

    def _settle(self, join: PendingJoin[S]) -> _Listener[S]:
        join.listener.joins -= 1
        self.joining -= 1
        return join.listener

    def _drop_unless_wanted(self, listener: _Listener[S]) -> None:
        if not listener.member and not listener.joins:
            self._close(listener)

    def _close(self, listener: _Listener[S]) -> None:
        self._remove(self._topics[listener.topic], listener)
        self._check_idle(listener.topic)

    def _remove(self, topic: _Topic[S], listener: _Listener[S]) -> None:
        listener.closed = True
        self._take_held(listener)
        topic.live.pop(listener.who, None)
        topic.held.pop(listener.who, None)
        mine = self._listeners.get(listener.who, {})
        mine.pop(listener.topic, None)
        if not mine:
            self._listeners.pop(listener.who, None)

    def _check_idle(self, topic: str) -> None:
        found = self._topics.get(topic)
        if found is None:
            self._on_idle(topic)  # a join that succeeded after its socket had left
        elif not found.live and not found.held:
            del self._topics[topic]
            self._on_idle(topic)


def _is_for_all(topic: _Topic[Any], delivery: TopicDelivery) -> bool:
    return not (topic.held or delivery.evict)


def _may_hear(listener: _Listener[S], delivery: TopicDelivery) -> bool:
    return delivery.version == 0 or delivery.version > listener.floor


def _ends(listener: _Listener[S], delivery: TopicDelivery) -> bool:
    """Does this evict the listener, later than its last admission?"""
    return delivery.evict == listener.who.user and not _later(listener, delivery)


def _later(listener: _Listener[S], eviction: TopicDelivery) -> tuple[int, ...]:
    """The admissions that this eviction does not undo."""
    return tuple(version for version in listener.admissions if 0 < eviction.version <= version)
