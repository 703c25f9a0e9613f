"""Is the system ready? When every shard serves, which takes the leases of all of them. Who else holds one is told.

Two systems on one database would share its partitions without a word: one of them serves, and the other one's shards
wait. So a start looks first whether somebody is there, and at its end whether every shard has got what it needs.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from common.clock import Clock
from common.errors import StartupError
from store.ports.leases import HeldLease, Leases

_LOOK_S: Final = 0.25
_DYING_S: Final = 3.0  # in which what a killed run has left behind ends, and renews no more

Tell = Callable[[str], None]


async def await_free(leases: Leases, *, wait: bool, tell: Tell, clock: Clock) -> None:
    """Return when nobody holds a lease. One that is not renewed lapses by itself, in seconds: its holder is gone,
    although that cannot be proved from here. `wait`: also for those who renew theirs.

    Raises:
        StartupError: somebody serves from this database, and is not to be waited for.
        Unavailable: the database does not answer.
    """
    began_s = clock.monotonic_s()
    seen: Mapping[str, HeldLease] = {}
    told = False
    while held := await leases.held():
        renewed = [lease for lease in held if lease.name in seen and lease.left_s > seen[lease.name].left_s]
        if renewed and not wait and clock.monotonic_s() >= began_s + _DYING_S:
            raise StartupError(
                f"Another Carewire serves from this database: {_holders(held)}. Stop it, or give this one a "
                "CAREWIRE_MONGO__DATABASE of its own; `carewire up --wait` waits for its end."
            )
        if not told:
            tell(f"Waiting for leases: {_holders(held)}.")
            told = True
        seen = {lease.name: lease for lease in held}
        await asyncio.sleep(_LOOK_S)


async def await_serving(
    shards: Sequence[str],
    serves: Callable[[str], Awaitable[bool]],
    leases: Leases,
    *,
    patience_s: float,
    wait: bool,
    tell: Tell,
    clock: Clock,
) -> None:
    """Return when every one of these shards serves. After `patience_s`, say which do not, and who holds what they need;
    and go on waiting only with `wait`.

    Raises:
        StartupError: a shard does not serve, and is not to be waited for.
        Unavailable: the database does not answer.
    """
    began_s = clock.monotonic_s()
    told = False
    while waiting := [name for name, ready in zip(shards, await _ask(shards, serves), strict=True) if not ready]:
        if not told and clock.monotonic_s() >= began_s + patience_s:
            line = _why([lease for lease in await leases.held() if lease.name in waiting], waiting)
            if not wait:
                raise StartupError(f"{line} `carewire up --wait` waits for them.")
            tell(line)
            told = True
        await asyncio.sleep(_LOOK_S)


async def _ask(shards: Sequence[str], serves: Callable[[str], Awaitable[bool]]) -> list[bool]:
    return await asyncio.gather(*(serves(name) for name in shards))


def _why(held: Sequence[HeldLease], waiting: Sequence[str]) -> str:
    if held:
        return f"These shards wait for leases that others hold: {_holders(held)}."
    return f"These shards do not serve: {', '.join(waiting)}; their logs tell why."


def _holders(held: Sequence[HeldLease]) -> str:
    """`rooms-0 (host a, pid 7), ...`: what stands behind the host's name tells its boots and containers apart."""
    return ", ".join(
        f"{lease.name} (host {lease.holder.host.partition('/')[0]}, pid {lease.holder.pid})" for lease in held
    )
