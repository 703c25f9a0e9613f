"""What every scenario does: people talk, something dies, it goes on, and the books are balanced."""

from typing import Any, Final

import httpx

from tests.chaos.talkers import Crowd
from tests.system.harness import System, wait_until

BEFORE: Final = 5  # acks for everybody in each room before something dies
AFTER: Final = 10
START_S: Final = 20.0  # within which the program starts, where the promised pauses hold


def paused_less_than(seconds: float, people: Crowd, system: System, start_s: float = START_S) -> bool:
    """Was nobody kept waiting longer? On a machine too busy to start the program in time, proportionally longer."""
    return people.ledger.longest_pause_s < seconds * slowness(system, start_s)


def slowness(system: System, start_s: float) -> float:
    """How many times longer than promised things may take on this machine."""
    return max(1.0, system.ready_s / start_s)


async def goes_on(people: Crowd) -> None:
    """The talk resumes for everybody, ends, and no promise was broken."""
    await people.flows(AFTER)
    await people.fall_silent()
    broken = people.ledger.broken(await people.history())
    assert not broken, broken


Rows = dict[str, tuple[str, int]]


async def rows_of(system: System) -> Rows:
    """Every process that answers: name -> (kind, pid)."""
    return _answering(await system.status())


async def all_rows(system: System) -> Rows:
    """Every process, once all of them answer: on a busy machine one is late now and then, and who is left out before
    something dies would be one too many afterwards."""

    async def answering() -> Rows | None:
        status = await system.status()
        rows = _answering(status)
        return rows if len(rows) == len(status) else None

    rows: Rows = await wait_until(answering, within_s=30.0, what="an answer of every process", every_s=0.2)
    return rows


def _answering(status: list[dict[str, Any]]) -> Rows:
    return {row["name"]: (row["kind"], row["pid"]) for row in status if row["status"] == "ok"}


async def whole_again(system: System, before: Rows, killed: str) -> None:
    """Wait, while people talk, until as many of each kind answer as `before`, another process among them in place of
    the `killed` one: whoever comes back, too, must not disturb anybody."""
    kinds = sorted(kind for kind, _ in before.values())
    gone = before[killed][1]

    async def whole() -> bool:
        try:
            rows = await rows_of(system)
        except (httpx.HTTPError, ValueError):
            return False
        return sorted(kind for kind, _ in rows.values()) == kinds and gone not in {pid for _, pid in rows.values()}

    await wait_until(whole, within_s=60.0, what=f"another {killed}", every_s=0.2)
