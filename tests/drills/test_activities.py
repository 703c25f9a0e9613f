"""The whole program owes thousands of mails to a real server, and everything that can die dies, at random times.

`make drill activities` runs it with 5,000 mails. The seed decides what happens, in which order and when. At the end the
partner's book and ours are laid side by side.
"""

import asyncio
import os
import random
import signal
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from pymongo import AsyncMongoClient

from tests.partners.mail_server import MailServer
from tests.system.harness import LEAN, System, carewire, wait_until

SEED: Final = int(os.environ.get("FIRST_SEED", "1"))
MAILS: Final = int(os.environ.get("DRILL_SIZE", "0")) or 500
LASTS_S: Final = 150.0  # for which mails are asked for, evenly
STOPPED_S: Final = 30.0
AWAY_S: Final = 8.0
VICTIMS: Final = ("activities-", "care-0", "mongod", "api-")  # or how their names begin: successors may have others
DEATHS: Final = 2  # of each
AT_ONCE: Final = 16  # invitations under way
MISHAPS: Final = ("cut", "cut at rcpt", "421 busy", "data 451 busy", "slow 0.3")
OVER_S: Final = 150.0 + MAILS / 10
pytestmark = pytest.mark.timeout(1700)


@dataclass
class Drill:
    """What is drilled, and the book of what happened to it."""

    system: System
    server: MailServer
    dice: random.Random
    mood: str = ""  # what each mail meets at present
    happened: Counter[str] = field(default_factory=Counter)

    def chance(self) -> str | None:
        """What the next mail meets."""
        if self.mood:
            return self.mood
        return self.dice.choice(MISHAPS) if self.dice.random() < 0.05 else None

    def deeds(self) -> list[tuple[str, Callable[[], Awaitable[None]]]]:
        """All that is done to it, in the order of the seed."""
        deeds: list[tuple[str, Callable[[], Awaitable[None]]]] = [
            (f"kill {victim}", lambda victim=victim: self.kill(victim))  # type: ignore[misc]
            for victim in VICTIMS
            for _ in range(DEATHS)
        ]
        deeds += [
            ("stop the runner", self.stop_the_runner),
            ("partner away", self.away),
            ("partner slow", lambda: self.in_a_mood("slow 1.0")),
            ("partner hangs up after DATA", lambda: self.in_a_mood("cut")),
            ("two care shards", lambda: self.scale(2)),
            ("one care shard", lambda: self.scale(1)),
        ]
        self.dice.shuffle(deeds)
        return deeds

    async def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> int:
        """Once the API tells where it is: the one before may have been the API. Its pid."""

        async def found() -> int | None:
            try:
                rows = await self.system.status()
            except httpx.HTTPError:
                return None
            pids = [int(row["pid"]) for row in rows if row["name"].startswith(name) and row["status"] != "unreachable"]
            return pids[0] if pids else None

        pid: int = await wait_until(found, within_s=60.0, what=f"{name} is found", every_s=0.3)
        with suppress(ProcessLookupError):  # it has ended since
            os.kill(pid, number)
        return pid

    async def stop_the_runner(self) -> None:
        """It is no death: it goes on where it stood, with what is long somebody else's."""
        pid = await self.kill("activities-", signal.SIGSTOP)
        await asyncio.sleep(STOPPED_S)  # that is what is drilled
        try:
            os.kill(pid, signal.SIGCONT)
        except ProcessLookupError:
            self.happened["the stopped runner was replaced"] += 1

    async def away(self) -> None:
        """The partner refuses every connection."""
        await self.server.stop()
        await asyncio.sleep(AWAY_S)
        await self.server.start()

    async def in_a_mood(self, mood: str) -> None:
        """Every mail meets this, for a while."""
        self.mood = mood
        await asyncio.sleep(AWAY_S)
        self.mood = ""

    async def scale(self, shards: int) -> None:
        """Partitions move. It may fail while something is dead: then it is tried again, as an operator would."""

        async def scaled() -> bool:
            arguments = ("scale", "care", f"{shards}")
            env, cwd = self.system.env, self.system.data_dir
            done = await asyncio.to_thread(carewire, *arguments, env=env, cwd=cwd, timeout_s=60.0)
            return done.returncode == 0

        await wait_until(scaled, within_s=90.0, what=f"{shards} shards", every_s=1.0)

    async def torment(self) -> None:
        """All of it, one after the other."""
        for what, deed in self.deeds():
            await asyncio.sleep(self.dice.uniform(0.2, 3.0))
            began_s = time.monotonic()
            await deed()
            self.happened[what] += 1
            print(f"{what} ({time.monotonic() - began_s:.0f} s), {len(self.server.taken)} mails so far", flush=True)


@pytest.fixture
async def drill(tmp_path: Path) -> AsyncIterator[Drill]:
    server = MailServer()
    await server.start()
    system = System(
        tmp_path / "data",
        EMAIL__SMTP_URL=f"smtp://127.0.0.1:{server.port}?tls=none",
        ACTIVITIES__LONGEST_RETRY_S=2,
        ACTIVITIES__BREAKER_PAUSE_S=0.5,
        **LEAN,
    )
    made = Drill(system, server, random.Random(SEED))
    server.chance = made.chance
    try:
        await asyncio.to_thread(system.start)
        yield made
    finally:
        await asyncio.to_thread(system.stop)
        await server.stop()


async def invite(system: System) -> None:
    """Each of them, whatever dies, evenly spread: the key makes a repeat the same deed."""
    began_s = time.monotonic()
    async with system.http("root", "admin") as http:
        turns = asyncio.Semaphore(AT_ONCE)

        async def one(number: int) -> None:
            body = {"email": f"p{number}@mail.test", "role": "therapist"}
            said: list[object] = []

            async def done() -> bool:
                try:
                    answer = await http.post(
                        "/api/invitations", json=body, headers={"Idempotency-Key": f"invite-{number}"}
                    )
                except httpx.HTTPError as error:
                    said.append(error)
                    return False
                said.append(answer.text)
                return answer.status_code == 201

            async with turns:
                try:
                    await wait_until(done, within_s=120.0, what=f"invitation {number}", every_s=0.3)
                except AssertionError as error:
                    raise AssertionError(f"{error}: {said[-1]}") from None

        asked = []
        for number in range(MAILS):
            if (pause_s := began_s + number * LASTS_S / MAILS - time.monotonic()) > 0:
                await asyncio.sleep(pause_s)
            asked.append(asyncio.ensure_future(one(number)))
        await asyncio.gather(*asked)


async def all_over(drill: Drill) -> None:
    """Nothing is owed, and everybody has a mail. Whom three runners died with is dead, whether it was the cause or not:
    an operator looks at it, and has it tried once more."""
    system, server = drill.system, drill.server
    wanted = {f"p{number}@mail.test" for number in range(MAILS)}
    left: list[Any] = []

    async def none_left() -> bool:
        async with system.http("root", "admin") as http:
            try:
                answer = await http.get("/api/operations/activities")
            except httpx.HTTPError as error:
                left[:] = [repr(error)]
                return False
            left[:] = answer.json()["activities"] if answer.status_code == 200 else [answer.text]
            for one in left:
                if answer.status_code == 200 and one["state"] == "dead" and one["reason"]["code"] == "poison":
                    retried = await http.post(f"/api/operations/activities/{one['id']}/retry")
                    drill.happened["three runners died with one"] += retried.status_code == 200
            return left == [] and {one.to for one in server.taken} == wanted

    try:
        await wait_until(none_left, within_s=OVER_S, what="the end of all activities", every_s=0.5)
    except AssertionError as error:
        missing = sorted(wanted - {one.to for one in server.taken})
        raise AssertionError(f"{error}: {left[:5]}; no mail to {len(missing)}: {missing[:5]}") from None


async def turns_of_notifiers(system: System) -> Counter[int]:
    """How many notifiers have so many turns: one owes the mail, one hears what became of it."""
    port = system.env["CAREWIRE_MONGO__PORT"]
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(f"mongodb://127.0.0.1:{port}/?directConnection=true")
    try:
        found = await client["carewire"]["journal"].aggregate(
            [
                {"$match": {"_id": {"$regex": "^notifier:inv_"}}},
                {"$group": {"_id": "$e", "turns": {"$sum": 1}}},
            ]
        )
        return Counter([one["turns"] async for one in found])
    finally:
        await client.close()


async def test_every_mail_goes_out_under_one_key_whatever_dies(drill: Drill) -> None:
    system, server = drill.system, drill.server
    began_s = time.monotonic()
    print(f"\nseed {SEED}: {MAILS} mails")
    await asyncio.gather(invite(system), drill.torment())
    await all_over(drill)
    ids: dict[str, set[str]] = defaultdict(set)
    bodies: dict[str, set[str]] = defaultdict(set)
    for one in server.taken:
        ids[one.to].add(one.message_id)
        bodies[one.message_id].add(one.data)
    turns = await turns_of_notifiers(system)
    unanswered = sum(not one.answered for one in server.taken)
    print(f"{MAILS} mails in {time.monotonic() - began_s:.0f} s, {server.connections} connections")
    print(f"{len(server.taken) - MAILS} of them again; the server hung up on {unanswered} that it had taken")
    print(f"{len(bodies)} keys; turns of notifiers: {dict(turns)}")
    print(f"{dict(drill.happened)}")
    assert len(ids) == MAILS
    assert {len(data) for data in bodies.values()} == {1}, "a repeat was another mail"
    assert turns.keys() == {2}, "a notifier did not hear of its mail, or heard twice"
    # An invitation that was made when the API died is made anew by a repeat, as another one with a mail of its own.
    assert len(bodies) == turns[2], "their keys are not ours"
    assert len(bodies) - MAILS <= DEATHS * AT_ONCE, "somebody was written to under two keys"
