"""A house with a follower and a runner: what is said is looked at, and what follows from it is done."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from prometheus_client import CollectorRegistry

from actors.kernel.contract.entity import Principal
from actors.rooms.conversation.commands import Converse, Respond
from actors.rooms.conversation.policy import STRANGERS
from serve_app.capabilities.following import FollowerContext, open_consumers
from serve_app.cluster.spec import CarewireSpec
from serve_app.follower.follower import Follower
from serve_app.follower.metrics import FollowerMetrics
from store.mongo.kernel.feed import JournalFeed
from tests.activity_rig import a_runner
from tests.gateway_rig import token
from tests.identity_rig import House

MO, MIA = token("mo", "moderator", 86_400), token("mia", "moderator", 86_400)  # made long before they are shown
WHY = "Somebody has reported it today."


@asynccontextmanager
async def attended(home: House, mongo_url: str) -> AsyncIterator[Follower]:
    """With somebody who reads, and somebody who does what is owed."""
    spec, registry = CarewireSpec(home.settings), CollectorRegistry()
    kinds = [kind for pool in spec.pools for kind in spec.kinds(pool)]
    context = FollowerContext(
        settings=home.settings,
        clock=home.clock,
        region=home.region,
        stores=home.stores,
        database=home.database,
        kinds=kinds,
        root=home.context.root,
        registry=registry,
    )

    def feed(of: Iterable[str]) -> JournalFeed:
        return JournalFeed(mongo_url, home.database.name, of)

    follower = Follower(
        open_consumers(context),
        kinds,
        home.database,
        home.stores,
        home.clock,
        feed=feed,
        metrics=FollowerMetrics(registry),
    )
    await follower.start()
    try:
        async with a_runner(home):
            yield follower
    finally:
        await follower.stop()


async def a_room(home: House, room_id: str, owner: str, *members: str) -> None:
    """A group."""
    socket = await home.socket(token(owner))
    await socket.ok("create_room", {"room_id": room_id, "members": list(members)})


async def two_clients(home: House, room_id: str, one: str, other: str) -> None:
    """The conversation of two clients, who have agreed to its policy."""
    begin = Converse(relation="client_client", other=other, policy=STRANGERS, policy_version=1, asks=True, accepted=1)
    await home.region.ask(f"room:{room_id}", begin, by=Principal(one))
    await home.region.ask(f"room:{room_id}", Respond(accept=True, accepted=1), by=Principal(other))


async def case_of(home: House, kind: str, bearer: str = MO) -> Any:
    """The newest case of a kind."""
    listed = await home.ok("GET", "/api/moderation/cases", bearer=bearer)
    return next(one for one in listed["cases"] if one["kind"] == kind)


async def opened(home: House, case_id: str, bearer: str = MO) -> Any:
    """A case with what it holds."""
    path = f"/api/moderation/cases/{case_id}?why={WHY.replace(' ', '%20')}"
    return (await home.ok("GET", path, bearer=bearer))["case"]


async def deed(home: House, case_id: str, verb: str, bearer: str = MO, **members: Any) -> Any:
    """Something done about a case."""
    return (await home.ok("POST", f"/api/moderation/cases/{case_id}/{verb}", members, bearer=bearer))["case"]
