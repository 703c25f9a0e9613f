"""Presence in the whole program, and the death of its shard."""

import time

from tests.system.harness import System, wait_until

PAUSE_S = 5.0  # the promise: rebuilt within that time
BUSY_S = 5.0  # that a busy test machine may take on top


async def test_presence_comes_back_by_itself_when_its_shard_is_killed(system: System) -> None:
    async with system.client("presence-bob") as bob, system.client("presence-alice") as alice:
        await bob.call("set_presence", {"status": "busy"})
        shown = (await alice.call("watch_presence", {"user_ids": ["presence-bob"]}))["presence"]["presence-bob"]
        assert shown == {"status": "busy", "last_seen": None, "devices": 1}

        before = await system.kill("presence-0")
        killed_s = time.monotonic()
        async with system.client("presence-carol") as carol:
            await carol.call("set_presence", {"status": "away"})
            watched = await carol.call("watch_presence", {"user_ids": ["presence-bob", "presence-dave"]})
            took_s = time.monotonic() - killed_s
            assert watched["presence"]["presence-bob"]["status"] == "busy"
            assert watched["presence"]["presence-dave"]["status"] == "offline"
            assert took_s < PAUSE_S + BUSY_S
            print(f"presence was away for {took_s:.1f} s")

        await alice.call("watch_presence", {"user_ids": ["presence-dave"]})
        async with system.client("presence-dave"):
            (online,) = await alice.hears("user_online")
            assert online["user_id"] == "presence-dave"
        assert await system.pid_of("presence-0") != before
        assert not alice.payloads("user_offline"), "the restart looked like an absence"
        async with system.http() as http:

            async def well() -> bool:
                status: str = (await http.get("/health")).json()["services"]["presence"]["status"]
                return status == "ok"

            await wait_until(well, within_s=10.0, what="presence well again in /health")


async def test_a_user_goes_offline_five_seconds_after_the_last_device_left(system: System) -> None:
    async with system.client("presence-eve") as eve:
        await eve.call("watch_presence", {"user_ids": ["presence-frank"]})
        async with system.client("presence-frank"):
            (online,) = await eve.hears("user_online")
            assert online["status"] == "online"
            left_s = time.monotonic()
        (offline,) = await eve.hears("user_offline", within_s=15.0)
        assert time.monotonic() - left_s > 4.5
        assert offline["user_id"] == "presence-frank"
        assert offline["last_seen"] >= online["at"]
