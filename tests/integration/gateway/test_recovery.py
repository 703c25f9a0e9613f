"""Sockets that come back: what they missed comes first, in order, also when a shard is away."""

import asyncio

from actors.kernel.contract.partitions import partition_of
from tests.clients.raw_socket import RawSocket
from tests.gateway_rig import rig, token


async def test_what_was_missed_comes_in_order_before_anything_new() -> None:
    async with rig() as made:
        await made.gateway()
        alice, bob = await made.client("alice"), await made.client("bob")
        for room in ("one", "two"):
            await alice.ok("create_room", {"room_id": room, "members": ["bob"]})
            await bob.ok("join_room", {"room_id": room})
        await alice.ok("message", {"room_id": "one", "body": "seen"})
        seen = await bob.next("message")
        await bob.close()

        posting = True

        async def keep_posting() -> int:
            posted = 0
            while posting:
                posted += 1
                await alice.ok("message", {"room_id": ("one", "two")[posted % 2], "body": str(posted)})
            return posted

        poster = asyncio.create_task(keep_posting())
        back = await made.client("bob", recover={"one": seen["seq"], "two": 1, "not-mine": 3}, inbox=1)
        await back.until(lambda client: len(client.all("message")) >= 30, "too few messages")
        posting = False
        posted = await poster
        await back.until(lambda client: len(client.all("message")) >= posted, "not all messages")
        assert [name for name, _ in back.received[:2]] == ["session", "room_added"]  # the inbox before the rooms
        for room, first in (("one", seen["seq"] + 1), ("two", 2)):
            seqs = [message["seq"] for message in back.all("message") if message["room_id"] == room]
            assert seqs == list(range(first, first + len(seqs)))
        (error,) = back.all("error")
        assert (error["event"], error["code"]) == ("recover", "not_found")
        assert error["details"] == {"room_id": "not-mine"}


async def test_more_than_can_be_recovered_is_a_gap_and_then_the_newest() -> None:
    async with rig() as made:
        await made.gateway(max_recovered_events=5)
        alice = await made.client("alice")
        await alice.ok("create_room", {"room_id": "general"})
        for number in range(20):
            await alice.ok("message", {"room_id": "general", "body": str(number)})
        back = await made.client("alice", recover={"general": 3})
        await back.next("message", 5)
        assert back.all("gap") == [{"room_id": "general", "from": 4, "to": 16}]
        assert [message["seq"] for message in back.all("message")] == [17, 18, 19, 20, 21]


async def test_recovery_given_with_the_connect_waits_for_a_later_token() -> None:
    async with rig() as made:
        await made.gateway()
        alice = await made.client("alice")
        await alice.ok("create_room", {"room_id": "general"})
        await alice.ok("message", {"room_id": "general", "body": "hello"})
        async with RawSocket(made.url(), {"recover": {"general": 1}}) as socket:
            assert (await socket.call(1, "authenticate", {"token": token("alice")}))["ok"]
            await socket.until(lambda: bool(socket.events("message")), "nothing was recovered")
            assert socket.events("message")[0]["body"] == "hello"


async def test_a_session_waits_for_shards_that_are_away() -> None:
    async with rig(retry_deadline_s=0.3) as made:
        await made.gateway()
        for shard in made.cluster.shards.values():
            await shard.stop()
        async with RawSocket(made.url(), {"token": token("alice")}) as socket:
            late = await socket.call(1, "create_room", {"room_id": "general"})
            assert late["error"]["code"] == "unavailable"
            assert socket.events("session") == []
            for name in list(made.cluster.shards):
                await made.cluster.start_shard(name, life="2")
            await socket.until(lambda: bool(socket.events("session")), "no session")


async def test_a_room_whose_shard_is_away_is_recovered_once_it_is_back() -> None:
    async with rig(retry_deadline_s=0.3) as made:
        await made.gateway()
        owners = (await made.cluster.read_map("rooms")).owners
        alice = await made.client("alice")
        home = owners[partition_of("user:alice")]
        away = next(name for name in made.cluster.shards if name != home)
        room, near = (
            next(room for room in map(str, range(99)) if owners[partition_of(f"room:{room}")] == shard)
            for shard in (away, home)
        )
        for one in (room, near):
            await alice.ok("create_room", {"room_id": one})
            await alice.ok("message", {"room_id": one, "body": "while away"})
        await alice.close()
        await made.cluster.shards[away].stop()
        back = await made.client("alice", recover={room: 1, near: 1})
        await back.until(lambda client: len(client.all("message")) == 1, "not what was missed nearby")
        assert (await back.error("history", {"room_id": room}))["code"] == "unavailable"
        await made.cluster.start_shard(away, life="2")
        await back.until(lambda client: len(client.all("message")) == 2, "not what was missed")
        await back.ok("message", {"room_id": room, "body": "now"})
        await back.until(lambda client: len(client.all("message")) == 3, "it does not listen")
        assert back.all("error") == []
