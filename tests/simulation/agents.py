"""Runners and their partner in a simulated world: they lose calls, fall silent, die, and come back."""

import asyncio
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Final

from actors.kernel.caller.shard_client import ShardGone
from actors.kernel.contract import protocol
from actors.kernel.contract.activities import Answered, Outcome
from actors.kernel.contract.entity import SYSTEM
from actors.kernel.effects.activities.activity_ids import answer_id, mark_of
from actors.kernel.history.codec import activity_place
from common.errors import CarewireError
from common.lib.tasks import Tasks
from tests.simulation.world import World

LONGEST_S: Final = 0.5  # a call of the partner's
_CREDITS: Final = {"email": 4, "sms": 2}


class Later(Exception):
    """The partner is busy, or nobody knows what it did."""


class Refused(Exception):
    """The partner never will."""


@dataclass
class Partner:
    """Keeps a ledger: what was asked of it under which key, and what it has done."""

    world: World
    done: set[str] = field(default_factory=set)
    given_up: set[str] = field(default_factory=set)
    retried: set[bytes] = field(default_factory=set)  # dead, then tried again by an operator
    begun: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    erased_at: dict[str, float] = field(default_factory=dict)
    lanes: defaultdict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))

    async def call(self, offer: protocol.Offered) -> None:
        """Raises `Later` and `Refused`."""
        name = f"{offer.entity}/{offer.key}"
        self._judge(offer, name)
        self.begun[name] += 1
        await asyncio.sleep(self.world.random.random() * LONGEST_S * 0.9)
        if self.world.dice.strikes(0.15):
            raise Later("busy")
        if self.world.dice.strikes(0.03):
            raise Refused
        self.done.add(name)
        if self.world.dice.strikes(0.1):
            raise Later("the answer was lost")

    def _judge(self, offer: protocol.Offered, name: str) -> None:
        if offer.deadline_ms is not None and self.world.clock.now_ms() >= offer.deadline_ms:
            self.faults.append(f"{name} was sent after its deadline")
        if offer.owner in self.erased_at and self.world.clock.monotonic_s() > self.erased_at[offer.owner]:
            self.faults.append(f"{name} was sent to the erased")
        if not offer.lane or self._is_dead(name):
            return
        lane = self.lanes[offer.entity, offer.lane]
        if name in lane:
            return
        self.lanes[offer.entity, offer.lane] = lane = [other for other in lane if not self._is_dead(other)]
        open_ = [other for other in lane if not self._is_answered(offer.entity, other.partition("/")[2])]
        if open_:
            self.faults.append(f"{name} began before the answer to {open_}")
        if lane and _number(lane[-1]) > _number(name):
            self.faults.append(f"{name} came after {lane[-1]}")
        lane.append(name)

    def _is_dead(self, name: str) -> bool:
        """Was it given up? Then its lane goes on without it, and it may come late."""
        entity, _, key = name.partition("/")
        (mark,) = ids = [mark_of(entity, key)]
        found = self.world.loop_free(self.world.sound.activities.get(ids)).get(mark)
        return name in self.given_up or mark in self.retried or (found is not None and found.state == "dead")

    def _is_answered(self, entity: str, key: str) -> bool:
        return bool(self.world.loop_free(self.world.sound.journal.replies([answer_id(entity, key)])))


def _number(name: str) -> tuple[int, int]:
    _, seq, copy = name.split("|")
    return int(seq), int(copy)


class Runner:
    """Pulls from every shard, and carries out. A new life after each death; `stop` it at the end."""

    def __init__(self, world: World, name: str, partner: Partner, *, closing_id: bool = True) -> None:
        self._world = world
        self._name = name
        self._partner = partner
        self._closing_id = closing_id
        self._lives = 0
        self._tasks = Tasks(name)
        self._frozen = asyncio.Event()

    async def begin(self) -> None:
        """A life begins."""
        self._lives += 1
        life = f"{self._name}/{self._lives}"
        self._tasks = Tasks(life)
        for shard in ("rooms-0", "rooms-1", "rooms-2"):
            self._tasks.spawn(self._pull(life, shard))

    async def stop(self) -> None:
        """kill -9."""
        await self._tasks.cancel()

    async def _pull(self, life: str, shard: str) -> None:
        tasks, held = self._tasks, dict[bytes, str]()
        returned: list[bytes] = []
        reports: list[protocol.RunnerReport] = []
        while True:
            asked_s = self._world.clock.monotonic_s()
            busy = Counter(held.values())
            sent, gave = list(reports), list(returned)
            work = protocol.WorkRequest(
                runner=life,
                credits={name: max(0, most - busy[name]) for name, most in _CREDITS.items()},
                wait_ms=200,
                returned=gave,
                reports=sent,
            )
            try:
                reply = await ask(self._world, shard, protocol.encode(work))
            except ShardGone:
                await asyncio.sleep(0.05)
                continue
            del reports[: len(sent)], returned[: len(gave)]
            result = protocol.decode_work_result(reply)
            for offer in result.offers:
                if offer.id in held:
                    continue
                held[offer.id] = offer.connector
                until_s = asked_s + offer.until_ms_from_now / 1000
                tasks.spawn(self._carry_out(offer, until_s, held, returned, reports))
            await asyncio.sleep(0.01)

    async def _carry_out(
        self,
        offer: protocol.Offered,
        until_s: float,
        held: dict[bytes, str],
        returned: list[bytes],
        reports: list[protocol.RunnerReport],
    ) -> None:
        try:
            await self._try(offer, until_s, returned, reports)
        finally:
            held.pop(offer.id, None)

    async def _try(
        self, offer: protocol.Offered, until_s: float, returned: list[bytes], reports: list[protocol.RunnerReport]
    ) -> None:
        world = self._world
        if offer.owner:
            vault = world.sound.vault
            await vault.unlock([offer.payload], anew=True)
            if vault.open(offer.payload, activity_place(offer.entity, offer.key)) is None:
                await self._answer(offer, until_s, "erased")
                return
        if offer.deadline_ms is not None and world.clock.now_ms() >= offer.deadline_ms:
            await self._answer(offer, until_s, "expired")
        elif world.clock.monotonic_s() + LONGEST_S > until_s:
            returned.append(offer.id)
        else:
            try:
                await self._partner.call(offer)
            except Later as error:
                reports.append(self._later(offer, str(error)))
            except Refused:
                await self._answer(offer, until_s, "refused")
            else:
                await self._answer(offer, until_s, "done")

    def _later(self, offer: protocol.Offered, why: str) -> protocol.RunnerReport:
        verdict = self._world.random.choice(("retry", "retry", "park", "dead" if self._world.dice.rate else "retry"))
        if verdict == "dead":
            self._partner.given_up.add(f"{offer.entity}/{offer.key}")
        due_ms = self._world.clock.now_ms() + self._world.random.choice((0, 100, 1000, 3000))
        return protocol.RunnerReport(
            id=offer.id,
            verdict=verdict,  # type: ignore[arg-type]  # one of these words
            due_ms=due_ms,
            code="busy",
            message=why,
            attempts=offer.attempts + 1,
        )

    async def _answer(self, offer: protocol.Offered, until_s: float, outcome: Outcome) -> None:
        """Until it is stored, or the activity is somebody else's."""
        command = protocol.encode(Answered(key=offer.key, outcome=outcome, attempts=offer.attempts + 1))
        while self._world.clock.monotonic_s() < until_s:
            id_ = answer_id(offer.entity, offer.key) if self._closing_id else self._world.random.randbytes(16)
            try:
                await self._world.regions["answers"].submit_packed(offer.entity, command, by=SYSTEM, command_id=id_)
            except CarewireError as error:
                if not error.retryable:
                    raise
            else:
                return


async def ask(world: World, shard: str, request: bytes) -> bytes:
    """A call of `work` over the bad network. Whoever gives it up has hung up, or is silent from then on."""
    await world.dice.pause()
    if shard not in world.shards or world.dice.strikes(0.03):
        raise ShardGone("lost on the way there")
    life = world.shards[shard]
    call = asyncio.ensure_future(life.work(request))
    try:
        reply = await asyncio.shield(call)
    except asyncio.CancelledError:
        if world.random.random() < 0.7:
            call.cancel()
        raise
    await world.dice.pause()
    if world.shards.get(shard) is not life or world.dice.strikes(0.03):
        raise ShardGone("lost on the way back")
    return reply
