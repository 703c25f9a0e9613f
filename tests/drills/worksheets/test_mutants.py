"""SIZE changed updates, and bytes that are none, through the door of worksheets, while others write theirs.

It prints what was answered, and how long the others waited: beside the flood, and beside a flood of as many updates
with which nothing is wrong.
"""

import asyncio
import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

import pytest
import socketio
from pycrdt import Doc, Text

from actors.worksheets.yjs.messages import update_message
from tests.chaos.scenario import all_rows
from tests.system.harness import System

SIZE: Final = int(os.environ.get("DRILL_SIZE", "0")) or 200_000
FIRST_SEED: Final = int(os.environ.get("FIRST_SEED", "1"))
AT_ONCE: Final = 32  # on their way together
OTHERS: Final = 4  # worksheets, so that each shard has some
EVERY_S: Final = 0.05
ROOT: Final = "text:plan"
SCHEMA: Final = {
    "fields": [
        {"id": "plan", "type": "long_text", "label": "Plan"},
        {"id": "mood", "type": "integer", "label": "Mood"},
    ]
}
REFUSALS: Final = frozenset(("invalid_argument", "permission_denied", "payload_too_large"))
pytestmark = pytest.mark.timeout(1800)


class Writer:
    """A client who has a worksheet open."""

    def __init__(self, assignment: str) -> None:
        self.assignment = assignment
        self.sio = socketio.AsyncClient(reconnection=False)
        self.waits_ms: list[float] = []

    async def join(self, system: System, user: str) -> None:
        """Connect, and open it."""
        await self.sio.connect(
            system.gateway_url, auth={"token": system.token(user)}, transports=["websocket"], wait_timeout=60
        )
        joined = await self.sio.call("join_worksheet", {"assignment_id": self.assignment}, timeout=30)
        assert joined["ok"], joined

    async def send(self, update: bytes) -> Any:
        """The ack."""
        body = {"assignment_id": self.assignment, "attempt": 1, "message": update_message(update)}
        return await self.sio.call("worksheet_sync", body, timeout=60)

    async def write(self, over: Callable[[], bool]) -> None:
        """Type on, as a person does, and note how long each ack takes."""
        doc: Doc[Any] = Doc()
        text = doc.get(ROOT, type=Text)
        while not over():
            before = doc.get_state()
            text.insert(0, ".")
            began_s = time.perf_counter()
            ack = await self.send(doc.get_update(before))
            self.waits_ms.append(1000 * (time.perf_counter() - began_s))
            assert ack["ok"], ack
            await asyncio.sleep(EVERY_S)


def recorded() -> list[bytes]:
    """Updates as an editor makes them."""
    doc: Doc[Any] = Doc(client_id=7000)
    text, found = doc.get(ROOT, type=Text), []
    for number in range(40):
        before = doc.get_state()
        if number % 5 == 4:
            del text[: len(str(text)) // 3]
        else:
            text.insert(len(str(text)) // 2, f"word {number} ")
        found.append(doc.get_update(before))
    return [*found, doc.get_update()]


def changed(updates: list[bytes], dice: random.Random) -> bytes:
    """One of them with some bytes otherwise; every tenth is none at all."""
    if dice.random() < 0.1:
        return dice.randbytes(dice.randrange(200))
    data = bytearray(dice.choice(updates))
    for _ in range(dice.randint(1, 6)):
        at = dice.randrange(len(data) + 1)
        match dice.randrange(4):
            case 0:
                data[at : at + dice.randrange(4)] = dice.randbytes(dice.randrange(4))
            case 1 if data:
                data[at % len(data)] ^= 1 << dice.randrange(8)
            case 2:
                del data[at:]
            case _:
                data[at:at] = data[: dice.randrange(8)]
    return bytes(data)


async def flood(writer: Writer, updates: Iterator[bytes]) -> Counter[str]:
    """All of them, some at once; how often each was answered."""
    answers: Counter[str] = Counter()

    async def some() -> None:
        for update in updates:
            ack = await writer.send(update)
            answers["taken" if ack["ok"] else ack["error"]["code"]] += 1

    await asyncio.gather(*(some() for _ in range(AT_ONCE)))
    return answers


async def given(system: System, name: str) -> str:
    """The assignment of somebody in care."""
    client, therapist = f"ada-{name}", f"tess-{name}"
    async with system.http("root", "admin") as root, system.http(therapist, "therapist") as http:
        await root.post("/api/care", json={"client_id": client, "therapist_id": therapist})
        made = (await http.post("/api/worksheets", json={"title": "Plan", "schema": SCHEMA})).json()["worksheet_id"]
        await http.post(f"/api/worksheets/{made}/publish", json={})
        answer = await http.post("/api/assignments", json={"worksheet_id": made, "client_id": client})
        return str(answer.json()["assignment_id"])


async def beside(others: list[Writer], work: Callable[[], Any]) -> tuple[Any, float, float]:
    """What comes of the work, and how long the others waited meanwhile: p50 and p99, ms."""
    for other in others:
        other.waits_ms.clear()
    done = False
    writing = [asyncio.create_task(other.write(lambda: done)) for other in others]
    result = await work()
    done = True
    await asyncio.gather(*writing)
    waits = sorted(wait for other in others for wait in other.waits_ms)
    return result, waits[len(waits) // 2], waits[len(waits) * 99 // 100]


async def test_no_bytes_end_a_process_and_nobody_else_waits(tmp_path: Path) -> None:
    patient = {"GATEWAY__MAX_INVALID_EVENTS": 10 * SIZE}  # else whoever sends so much that is none is hung up on
    system = System(tmp_path, LIMITS__ENABLED="false", FEATURES__ML="false", **patient)
    dice, updates = random.Random(FIRST_SEED), recorded()
    try:
        system.start()
        async with AsyncExitStack() as stack:
            writers = []
            for number in range(OTHERS + 1):
                writers.append(writer := Writer(await given(system, f"{number}")))
                await writer.join(system, f"ada-{number}")
                stack.push_async_callback(writer.sio.shutdown)
            mallory, *others = writers
            for update in updates:
                assert (await mallory.send(update))["ok"]
            before = await all_rows(system)
            good = (dice.choice(updates) for _ in range(SIZE // 10))
            _, calm, calm_99 = await beside(others, lambda: flood(mallory, good))
            began_s = time.monotonic()
            bad = (changed(updates, dice) for _ in range(SIZE))
            answers, p50, p99 = await beside(others, lambda: flood(mallory, bad))
            took_s = time.monotonic() - began_s
        print(f"{SIZE} in {took_s:.0f} s: {dict(answers)}")
        print(
            f"the others: p50 {p50:.1f} ms, p99 {p99:.1f}; beside good updates {calm:.1f} and {calm_99:.1f}", flush=True
        )
        assert await all_rows(system) == before, "somebody has died"
        assert answers.keys() <= {"taken", *REFUSALS}
        assert p99 < 2 * calm_99 + 20, "the others wait"
    finally:
        system.stop()
