"""A shard, entities and a partner for the runner, in virtual time: small, and strict about what they are told."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import msgspec
from typing_extensions import override

from actors.kernel.caller.shard_client import ShardGone, WorkClient
from actors.kernel.contract import protocol
from actors.kernel.contract.activities import Answered, Urgency
from actors.kernel.contract.answers import Reply
from actors.kernel.contract.entity import Principal
from actors.kernel.contract.ports import EntityClient
from actors.kernel.contract.protocol import Level, Offered, RunnerReport, WorkRequest, WorkResult
from actors.kernel.effects.activities.activity_ids import answer_id, mark_of
from common.clock import Clock
from common.errors import Unavailable
from config.activities import ActivitySettings
from serve_app.activities.connector import FOR_EVER_S, Call, Capacity, Connector
from serve_app.activities.runner import Runner
from store.ports.maps import PartitionMap

UNTIL_MS = 60_000


class LoopClock:
    """Time as the event loop has it."""

    def now_ms(self) -> int:
        return int(asyncio.get_running_loop().time() * 1000)

    def platform_ms(self) -> int:
        return self.now_ms()

    def monotonic_s(self) -> float:
        return asyncio.get_running_loop().time()


class StoppedClock(LoopClock):
    """One that does not run: what a runner would go by that believed what it was told long ago."""

    @override
    def monotonic_s(self) -> float:
        return 0.0


def an_offer(
    number: int,
    connector: str = "post",
    *,
    entity: str = "notifier:usr_1",
    owner: str = "usr_1",
    urgency: Urgency = "soon",
    deadline_ms: int | None = None,
    ask: bool = False,
    attempts: int = 0,
    until_ms: int = UNTIL_MS,
) -> Offered:
    key = f"mail|{number}"
    return Offered(
        id=mark_of(entity, key),
        connector=connector,
        entity=entity,
        key=key,
        owner=owner,
        payload=str(number).encode(),
        lane="",
        urgency=urgency,
        deadline_ms=deadline_ms,
        ask=ask,
        attempts=attempts,
        created_at_ms=0,
        until_ms_from_now=until_ms,
    )


@dataclass
class FakeShard(WorkClient):
    """Offers what is put into it, within the credits; keeps what it hears."""

    name: str
    waiting: deque[Offered] = field(default_factory=deque)
    requests: list[WorkRequest] = field(default_factory=list)
    reports: list[RunnerReport] = field(default_factory=list)
    returned: list[bytes] = field(default_factory=list)
    given: list[bytes] = field(default_factory=list)
    gone: bool = False
    _waiter: asyncio.Future[None] | None = None

    def put(self, *offers: Offered) -> None:
        self.waiting.extend(offers)
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def cut(self) -> None:
        """The line is cut: every call that waits fails, and every further one until `gone` is False."""
        self.gone = True
        self._wake()

    @override
    async def work(self, request: bytes) -> bytes:
        work = protocol.decode_work(request)
        if self.gone:
            raise ShardGone("gone")
        self.requests.append(work)
        self.reports.extend(work.reports)
        self.returned.extend(work.returned)
        self._wake()  # a newer request answers the older one
        offers = self._offers(work)
        if not offers and work.wait_ms:
            self._waiter = waiter = asyncio.get_running_loop().create_future()
            try:
                async with asyncio.timeout(work.wait_ms / 1000):
                    await waiter
            except TimeoutError:
                pass
            if self.gone:
                raise ShardGone("gone")
            if self._waiter is waiter:
                offers = self._offers(work)
        levels: dict[str, Level] = {}
        for one in self.waiting:
            level = levels.get(one.connector, Level(0, 0, 0))
            levels[one.connector] = Level(level.waiting + 1, 0, 0)
        return protocol.encode(WorkResult(epoch=1, offers=offers, levels=levels))

    def _offers(self, work: WorkRequest) -> list[Offered]:
        left = dict(work.credits)
        offers, kept = [], []
        for one in self.waiting:
            if left.get(one.connector, 0) > 0:
                left[one.connector] -= 1
                offers.append(one)
            else:
                kept.append(one)
        self.waiting = deque(kept)
        self.given.extend(one.id for one in offers)
        return offers


@dataclass
class Entities(EntityClient):
    """Takes answers, unless it is away; says whether something still holds."""

    answers: dict[str, Answered] = field(default_factory=dict)
    heard: int = 0
    away: bool = False
    holds: bool = True

    async def submit_packed(
        self, entity: str, packed: bytes, *, by: Principal, command_id: bytes, timeout_s: float | None = None
    ) -> Reply:
        del timeout_s
        answered = msgspec.msgpack.decode(packed, type=Answered)
        if self.away:
            await asyncio.sleep(10)
            raise Unavailable("away")
        assert by.is_system
        assert command_id == answer_id(entity, answered.key)
        self.heard += 1
        self.answers.setdefault(answered.key, answered)
        return Reply(b"null", 1, duplicate=False)

    @override
    async def submit(self, entity: str, command: object, **_: object) -> Reply:
        return Reply(b"true" if self.holds else b"false", 1, duplicate=False)


@dataclass
class Keys:
    """Opens payloads, unless their owner was erased."""

    erased: set[str] = field(default_factory=set)
    reads: int = 0

    async def open(self, offered: Offered) -> bytes | None:
        self.reads += 1
        return None if offered.owner in self.erased else offered.payload


class Post(Connector):
    """A partner that takes `takes_s`, keeps a ledger, and does what `script` says to the next calls."""

    name = "post"

    def __init__(self, *, capacity: Capacity | None = None, takes_s: float = 0.01) -> None:
        self.capacity = capacity or Capacity(at_once=4, call_s=20.0)
        self.remembers_s = FOR_EVER_S
        self.takes_s = takes_s
        self.calls: list[tuple[float, str, bytes]] = []
        self.done: list[bytes] = []
        self.found: dict[str, bytes] = {}
        self.script: deque[Exception | Callable[[], Awaitable[None]]] = deque()
        self.under_way = self.most_under_way = 0
        self.closed = False

    @override
    async def carry_out(self, call: Call) -> bytes:
        self.calls.append((asyncio.get_running_loop().time(), str(call.key), call.payload))
        self.under_way += 1
        self.most_under_way = max(self.under_way, self.most_under_way)
        try:
            await asyncio.sleep(self.takes_s)
            if self.script:
                step = self.script.popleft()
                if isinstance(step, Exception):
                    raise step
                await step()
            self.done.append(call.payload)
            return b"receipt " + call.payload
        finally:
            self.under_way -= 1

    @override
    async def find(self, call: Call) -> bytes | None:
        return self.found.get(str(call.key))

    @override
    async def close(self) -> None:
        self.closed = True


@dataclass
class Places:
    """Finds the shards of one pool."""

    shards: dict[str, FakeShard]

    async def read_map(self, pool: str) -> PartitionMap:
        names = sorted(self.shards)
        return PartitionMap(pool, 1, tuple(names[number % len(names)] for number in range(256)))

    def workplace(self, shard: str) -> WorkClient:
        return self.shards[shard]


@dataclass
class Rig:
    """A runner with its surroundings."""

    shards: Sequence[FakeShard] = field(default_factory=lambda: [FakeShard("care-0")])
    post: Post = field(default_factory=Post)
    entities: Entities = field(default_factory=Entities)
    keys: Keys = field(default_factory=Keys)
    settings: ActivitySettings = field(default_factory=ActivitySettings)
    clock: Clock = field(default_factory=LoopClock)

    def __post_init__(self) -> None:
        self.runner = Runner(
            "activities-0",
            Places({shard.name: shard for shard in self.shards}),
            ["care"],
            self.entities,
            self.keys,
            [self.post],
            settings=self.settings,
            clock=self.clock,
            dice=lambda: 0.5,
        )

    @property
    def shard(self) -> FakeShard:
        return self.shards[0]

    async def __aenter__(self) -> "Rig":
        await self.runner.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.runner.close()
