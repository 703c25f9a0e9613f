"""The size of the pools of shards, changed while everything runs: for administrators, at both doors."""

from collections.abc import Iterator
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from common.decoding import Request, ShortText
from common.errors import NotFound
from serve_app.capabilities.capability import Resizable
from serve_app.edge.operation import Caller, Example, Operation, Rest

_MOST: Final = 64


class ResizePool(Request, frozen=True, kw_only=True):
    """How many shards a pool should have."""

    pool: ShortText
    shards: Annotated[int, Meta(ge=1, le=_MOST, description="Shards (processes) of the pool.")]


class ResizedPool(msgspec.Struct, frozen=True, kw_only=True):
    """A pool, and the shards that have a part of its partitions."""

    pool: str
    shards: list[str]


def pool_operations(pools: Resizable) -> Iterator[Operation[Any]]:
    """The operation."""

    async def resize(asked: ResizePool, _: Caller) -> ResizedPool:
        return ResizedPool(pool=asked.pool, shards=list(await pools.resize(asked.pool, asked.shards)))

    yield Operation(
        name="resize_pool",
        action="operations.scale",
        request=ResizePool,
        call=resize,
        rest=Rest("PUT", "/api/pools/{pool}", tag="operations"),
        limit="write",
        response=ResizedPool,
        resource=("pool",),
        refuses=(NotFound,),
        example=Example({"pool": "rooms", "shards": 2}, {"pool": "rooms", "shards": ["rooms-0", "rooms-1"]}),
        description="Change the number of shards of `rooms`, `calendars` or `care` while everything runs: what "
        "`carewire scale` does. Answers when every partition has moved. For administrators.",
    )
