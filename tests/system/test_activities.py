"""The whole program owes mail to a real server that hangs up now and then, and its processes die meanwhile.

`make drill activities` has thousands of mails, and more that dies (`tests/drills/test_activities.py`).
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from pymongo import AsyncMongoClient

from tests.partners.mail_server import MailServer
from tests.system.harness import LEAN, System, carewire, wait_until

MAILS: Final = 150
VICTIMS: Final = ("activities-0", "care-0")
WITHIN_S: Final = 120.0
MISHAPS: Final = ("cut", "cut at rcpt", "421 busy", "data 451 busy", "slow 0.3")


def now_and_then(dice: random.Random) -> Callable[[], str | None]:
    return lambda: dice.choice(MISHAPS) if dice.random() < 0.05 else None


@pytest.fixture
async def mailing(tmp_path: Path) -> AsyncIterator[tuple[System, MailServer]]:
    """A Carewire of the test's own, and the server that its mail goes to."""
    server = MailServer(chance=now_and_then(random.Random(1)))
    await server.start()
    system = System(
        tmp_path / "data",
        EMAIL__SMTP_URL=f"smtp://127.0.0.1:{server.port}?tls=none",
        ACTIVITIES__LONGEST_RETRY_S=2,
        ACTIVITIES__BREAKER_PAUSE_S=0.5,
        **LEAN,
    )
    try:
        await asyncio.to_thread(system.start)
        yield system, server
    finally:
        await asyncio.to_thread(system.stop)
        await server.stop()


async def invite(system: System, numbers: range) -> None:
    """Each of them, whatever dies: the key makes a repeat the same deed."""
    async with system.http("root", "admin") as http:
        turns = asyncio.Semaphore(8)

        async def one(number: int) -> None:
            body = {"email": f"p{number}@mail.test", "role": "therapist"}

            async def done() -> bool:
                try:
                    headers = {"Idempotency-Key": f"invite-{number}"}
                    return (await http.post("/api/invitations", json=body, headers=headers)).status_code == 201
                except OSError:
                    return False
                except Exception as error:
                    return not type(error).__module__.startswith("httpx") and pytest.fail(repr(error))

            async with turns:
                await wait_until(done, within_s=60.0, what=f"invitation {number}", every_s=0.3)

        await asyncio.gather(*map(one, numbers))


async def all_over(system: System, server: MailServer) -> None:
    wanted = {f"p{number}@mail.test" for number in range(MAILS)}
    left: list[Any] = []

    def everybody_has_one() -> bool:
        return {one.to for one in server.taken} == wanted

    async def none_left() -> bool:
        async with system.http("root", "admin") as http:
            try:
                answer = await http.get("/api/operations/activities")
            except httpx.HTTPError:
                return False
            left[:] = answer.json()["activities"] if answer.status_code == 200 else [answer.text]
            return left == [] and everybody_has_one()  # a shard that comes back has to read what it owes

    try:
        await wait_until(none_left, within_s=WITHIN_S, what="the end of all activities", every_s=0.2)
    except AssertionError as error:
        missing = wanted - {one.to for one in server.taken}
        raise AssertionError(f"{error}: {left}; no mail to {missing}") from None


def has_taken(server: MailServer, count: int) -> bool:
    return len(server.taken) >= count


async def settled_turns(system: System) -> list[int]:
    """Of each notifier, how many turns it has: one owes the mail, one settles it."""
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(
        f"mongodb://127.0.0.1:{system.env['CAREWIRE_MONGO__PORT']}/?directConnection=true"
    )
    try:
        found = await client["carewire"]["journal"].aggregate(
            [
                {"$match": {"_id": {"$regex": "^notifier:inv_"}}},
                {"$group": {"_id": "$e", "turns": {"$sum": 1}}},
            ]
        )
        return [one["turns"] async for one in found]
    finally:
        await client.close()


async def test_whoever_dies_every_mail_goes_out_under_one_key(mailing: tuple[System, MailServer]) -> None:
    system, server = mailing
    inviting = asyncio.ensure_future(invite(system, range(MAILS)))
    for place, victim in enumerate(VICTIMS, 1):
        share = place * MAILS // (len(VICTIMS) + 1)
        await wait_until(partial(has_taken, server, share), within_s=WITHIN_S, what=f"{share} mails")
        await system.kill(victim)
    await inviting
    await all_over(system, server)
    ids: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for one in server.taken:
        ids[one.to].add((one.message_id, one.data))
    assert len(ids) == MAILS
    assert {len(seen) for seen in ids.values()} == {1}  # each repeat is the same mail
    assert set(await settled_turns(system)) == {2}  # and each notifier heard of it once
    print(f"{MAILS} mails, {len(server.taken) - MAILS} of them again, {server.connections} connections")


async def test_operators_see_the_runner_and_its_partner(mailing: tuple[System, MailServer]) -> None:
    system, server = mailing
    rows = {row["name"]: row for row in system.rows_from_cli()}
    assert (rows["activities-0"]["kind"], rows["activities-0"]["status"]) == ("runner", "ok")
    await server.stop()
    await invite(system, range(6))

    async def degraded() -> bool:
        async with system.http("root", "admin") as http:
            report = (await http.get("/health")).json()
            part = report["services"]["activities"]
            return bool(report["status"] == "degraded" and part["connectors"]["email"]["breaker"] != "closed")

    await wait_until(degraded, within_s=30.0, what="/health says that the mail server is away", every_s=0.2)
    listed = carewire("activities", "--connector", "email", env=system.env, cwd=system.data_dir)
    ids = [word for word in listed.stdout.split() if word.startswith("atv_")]
    assert len(ids) == 6
    assert "mail.test" not in listed.stdout
    dropped = carewire(
        "activities", "drop", ids[0], "--reason", "A drill.", "--json", env=system.env, cwd=system.data_dir
    )
    assert dropped.returncode == 0, dropped.stderr
    await server.start()
    await wait_until(lambda: len({one.to for one in server.taken}) == 5, within_s=60.0, what="the other five mails")
    again = carewire("activities", "retry", ids[0], env=system.env, cwd=system.data_dir)
    assert again.returncode == 1
    assert "over" in again.stderr
