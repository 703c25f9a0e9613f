"""A runner that does as a test tells it."""

from typing import Any

import msgspec

from actors.kernel.contract import protocol
from actors.kernel.contract.activities import Answered, Outcome
from actors.kernel.contract.answers import Reply
from actors.kernel.contract.entity import SYSTEM, Principal
from actors.kernel.effects.activities.activity_ids import answer_id
from tests.simulation.world import World
from tests.unit.kernel.errand import Recount, Send

ANN = Principal("ann")
MANY = {"email": 100}


class Agent:
    """A runner's life."""

    def __init__(self, world: World, name: str = "agent/1") -> None:
        self.world = world
        self.name = name

    async def work(
        self,
        wait_ms: int = 0,
        credits_: dict[str, int] | None = None,
        *,
        returned: list[bytes] | None = None,
        reports: list[protocol.RunnerReport] | None = None,
        shard: str = "rooms-0",
    ) -> list[protocol.Offered]:
        """What one shard offers."""
        work = protocol.WorkRequest(
            runner=self.name,
            credits=MANY if credits_ is None else credits_,
            wait_ms=wait_ms,
            returned=returned or [],
            reports=reports or [],
        )
        answer = await self.world.shards[shard].work(protocol.encode(work))
        return protocol.decode_work_result(answer).offers

    async def answer(self, offer: protocol.Offered, outcome: Outcome = "done", code: str = "") -> Reply:
        """Tell the entity what became of it."""
        return await answer(self.world, offer.entity, offer.key, outcome, code=code)


async def answer(
    world: World, entity: str, key: str, outcome: Outcome = "done", *, by: Principal = SYSTEM, code: str = ""
) -> Reply:
    """As a runner's region does."""
    command = Answered(key=key, outcome=outcome, code=code, attempts=1, at_ms=world.clock.now_ms())
    return await world.regions["g1"].submit_packed(
        entity, protocol.encode(command), by=by, command_id=answer_id(entity, key)
    )


async def send(world: World, text: str, entity: str = "errand:a", **more: Any) -> None:
    """Have something sent."""
    await world.regions["g1"].submit(entity, Send(text=text, **more), by=ANN)


async def answers(world: World, entity: str = "errand:a") -> list[list[str]]:
    """What the entity has heard: key, outcome."""
    reply = await world.regions["g1"].submit(entity, Recount(), by=ANN)
    found: list[list[str]] = msgspec.json.decode(reply.data)
    return found


async def unsettled(world: World) -> int:
    """How many turns owe something."""
    return len(await world.sound.journal.unsettled(range(256), limit=100_000))
