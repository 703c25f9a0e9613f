"""People with three phones each are told things, while shards and runners die, mongod is killed and the push service
hangs up: each phone shows each of them once, what is unread is counted the same at every socket, and nothing is lost.

And people whose sockets acknowledge after a while: a push where the acknowledgement was not stored before the push was
due, and none where it was; what is kept of it says which.

`make drill phones` tells 5,000 things, and 1,000 to people with sockets; with `SIZE=500` fewer.
"""

import asyncio
import os
import random
import time
import uuid
from collections import Counter
from typing import Any, Final

import pytest

from common.errors import CarewireError
from config.capabilities.notifications import NotificationSettings
from tests.activity_rig import a_runner
from tests.drills.mortal import AGAIN_S, a_mongod, mortal_shards
from tests.drills.told.phones import Phones, register, tell
from tests.gateway_rig import token
from tests.identity_rig import House, house
from tests.mongo import url_of
from tests.waiting import eventually

SIZE: Final = int(os.environ.get("DRILL_SIZE", "0")) or 50
SEED: Final = int(os.environ.get("FIRST_SEED", "1"))
EACH: Final = 5  # what one is told: of more within an hour some are held
PHONES: Final = 3
AT_ONCE: Final = 20
LISTENING: Final = 50  # people with sockets at once
WAIT_S: Final = 5.0  # until a push is due
MARGIN_S: Final = 1.0  # of an acknowledgement that was under way when it was due, nobody here can tell
LONGEST_S: Final = 10.0
pytestmark = pytest.mark.timeout(300 + SIZE)


async def _told_all(home: House, people: list[str]) -> None:
    waiting = iter([(user, number) for number in range(EACH) for user in people])

    async def worker() -> None:
        for user, number in waiting:
            await tell(home, user, number)

    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))


async def _mortal_runners(home: House, service: Phones, dice: random.Random) -> None:
    while True:
        try:
            async with a_runner(home, [service.behind(home)]):
                await asyncio.sleep(5.0 * dice.uniform(0.5, 1.5))
        except CarewireError:  # its database was away
            await asyncio.sleep(AGAIN_S)


async def test_each_phone_shows_each_thing_once(tmp_path: Any, record_property: Any) -> None:
    dice = random.Random(SEED)
    people = [f"ada-{number}" for number in range(max(1, SIZE // EACH))]
    wanted = {f"{user}-{phone}": set(range(1, EACH + 1)) for user in people for phone in range(PHONES)}
    service = Phones(dice, torn=0.1)
    quick = NotificationSettings(push_wait_s=0.2, online_wait_s=0.6)
    async with (
        a_mongod(tmp_path / "mongod") as mongod,
        house(url_of(mongod.port), f"test_{uuid.uuid4().hex}", tmp_path, notifications=quick) as home,
    ):
        for user in people:
            for phone in range(PHONES):
                await register(home, user, f"{user}-{phone}")
        began_s = time.monotonic()
        async with mortal_shards(home, 5.0, dice) as deaths, mongod.dying(5.0, dice):
            runners = asyncio.create_task(_mortal_runners(home, service, dice))
            await _told_all(home, people)

            async def shown() -> bool:
                return {phone: set(seen) for phone, seen in service.shown.items()} == wanted

            await eventually(shown, "a phone does not show what it should", timeout_s=120 + SIZE / 5)
            runners.cancel()
            await asyncio.gather(runners, return_exceptions=True)
        for user in people:
            unread = await home.ok("GET", "/api/notifications/unread", bearer=token(user))
            assert unread["unread"] == EACH
    again = sum(count - 1 for seen in service.shown.values() for count in seen.values())
    figures = {
        "told": len(people) * EACH,
        "shown": sum(map(len, service.shown.values())),
        "replaced": again,
        "deaths": deaths.count,
        "deaths of mongod": mongod.deaths,
        "took_s": round(time.monotonic() - began_s),
    }
    print(f"\nphones: {figures}")
    record_property("figures", figures)


async def _seen_after(home: House, user: str, delay_s: float) -> str:
    phone = await home.socket(token(user))
    made = await tell(home, user, 0)
    heard = await phone.next("notification")
    await asyncio.sleep(delay_s)
    await phone.ok("inbox_ack", {"inbox_seq": heard["inbox_seq"]})
    path, rule = f"/api/notifications/{made}/deliveries", ""

    async def judged() -> bool:
        nonlocal rule
        answer = await home.ok("GET", path, bearer=token(user))
        plan = answer["why"]["push"]
        states = [one["state"] for one in answer["deliveries"] if one["channel"] in ("push", "webpush")]
        rule = plan["steps"][-1]["rule"] if plan["verdict"] == "skipped" else ""
        return plan["verdict"] in ("sent", "skipped") and not {"held", "queued"} & set(states)

    await eventually(judged, "nothing became of the push", timeout_s=60)
    await phone.close()
    return rule


async def test_what_was_seen_in_time_is_not_pushed(mongo_port: int, tmp_path: Any, record_property: Any) -> None:
    dice, service, rules = random.Random(SEED), Phones(random.Random(SEED)), Counter[str]()
    waits = NotificationSettings(push_wait_s=WAIT_S, online_wait_s=WAIT_S)
    async with house(url_of(mongo_port), f"test_{uuid.uuid4().hex}", tmp_path, notifications=waits) as home:
        await home.gateway()
        people = {f"bo-{number}": dice.uniform(0, LONGEST_S) for number in range(max(1, SIZE // EACH))}
        for user in people:
            await register(home, user, user)
        async with a_runner(home, [service.behind(home)]):
            names = list(people)
            for first in range(0, len(names), LISTENING):
                some = names[first : first + LISTENING]
                found = await asyncio.gather(*(_seen_after(home, user, people[user]) for user in some))
                for user, rule in zip(some, found, strict=True):
                    assert sum(service.shown.get(user, Counter()).values()) == (0 if rule else 1), (user, rule)
                    assert rule in ("", "acknowledged")
                    if abs(people[user] - WAIT_S) > MARGIN_S:
                        assert bool(rule) == (people[user] < WAIT_S), (user, people[user])
                    rules[rule or "pushed"] += 1
    print(f"\nseen: {dict(rules)}")
    record_property("figures", dict(rules))
    assert len(rules) == 2
