"""Rooms over real sockets: order, several devices, evictions, typing."""

import asyncio
import random
from typing import Any

from typing_extensions import override

from actors.kernel.contract.answers import Reply
from actors.kernel.contract.entity import Command
from actors.rooms.service import Rooms
from tests.clients.raw_socket import RawSocket
from tests.gateway_rig import Client, rig, token


def bodies(client: Client) -> list[str]:
    return [message["body"] for message in client.all("message")]


def seqs(client: Client) -> list[int]:
    numbered = ("message", "message_updated", "message_deleted", "reaction", "member_joined", "member_left")
    return [payload["seq"] for name, payload in client.received if name in numbered]


async def test_two_people_talk_and_see_the_same_in_the_same_order() -> None:
    async with rig() as made:
        await made.gateway()
        alice, bob = await made.client("alice"), await made.client("bob")
        await alice.ok("create_room", {"room_id": "general", "members": ["bob"], "title": "Talk"})
        joined = await alice.ok("join_room", {"room_id": "general"})
        assert joined["members"] == [{"user_id": "alice", "role": "owner"}, {"user_id": "bob", "role": "member"}]
        await bob.ok("join_room", {"room_id": "general"})
        acks = await asyncio.gather(
            *(alice.ok("message", {"room_id": "general", "body": f"a{number}"}) for number in range(20)),
            *(bob.ok("message", {"room_id": "general", "body": f"b{number}"}) for number in range(20)),
        )
        for client in (alice, bob):
            await client.next("message", 40)
        assert alice.all("message") == bob.all("message")
        assert sorted(ack["seq"] for ack in acks) == [message["seq"] for message in alice.all("message")]
        history = await bob.ok("history", {"room_id": "general", "limit": 200})
        assert history["messages"] == bob.all("message")


async def test_two_hundred_messages_sent_without_waiting_keep_their_order() -> None:
    """Through one socket, with slow requests in between that must not hold them up, or be held up."""
    async with rig() as made:
        await made.gateway()
        alice = await made.client("alice")
        await alice.ok("create_room", {"room_id": "general"})
        await alice.ok("join_room", {"room_id": "general"})
        async with RawSocket(made.url(), {"token": token("alice")}) as socket:
            for number in range(200):
                await socket.send(f'42{number}["message",{{"room_id":"general","body":"{number}"}}]')
                if number % 20 == 0:
                    await socket.send(f'42{1000 + number}["history",{{"room_id":"general","limit":200}}]')
                    await socket.send(f'42{2000 + number}["join_room",{{"room_id":"general"}}]')
            acks = [await socket.ack(number) for number in range(200)]
            first = acks[0]["data"]["seq"]
            assert [ack["data"]["seq"] for ack in acks] == list(range(first, first + 200))
            await socket.ack(1180)
            assert (await socket.ack(2180))["ok"]
        await alice.next("message", 200)
        assert bodies(alice) == [str(number) for number in range(200)]


class Dawdling(Rooms):
    """Rooms that think for a while before they submit: what the gateway must never do."""

    @override
    async def submit(self, room_id: str, command: Command[Any], **options: Any) -> Reply:
        await asyncio.sleep(random.uniform(0, 0.01))
        return await super().submit(room_id, command, **options)


async def test_with_a_pause_before_the_submit_the_order_is_lost() -> None:
    """The twin of the test above, without its guard: nothing is awaited before a command is queued."""
    async with rig() as made:
        await made.gateway(rooms=Dawdling)
        alice = await made.client("alice")
        await alice.ok("create_room", {"room_id": "general"})
        async with RawSocket(made.url(), {"token": token("alice")}) as socket:
            for number in range(200):
                await socket.send(f'42{number}["message",{{"room_id":"general","body":"{number}"}}]')
            seqs = [(await socket.ack(number))["data"]["seq"] for number in range(200)]
        assert seqs != sorted(seqs)


async def test_too_many_events_in_flight_are_refused_at_once_and_the_others_answered() -> None:
    async with rig() as made:
        await made.gateway()
        alice = await made.client("alice")
        await alice.ok("create_room", {"room_id": "general"})
        async with RawSocket(made.url(), {"token": token("alice")}) as socket:
            for number in range(1500):
                await socket.send(f'42{number}["message",{{"room_id":"general","body":"{number}"}}]')
            acks = [await socket.ack(number) for number in range(1500)]
        stored = [ack for ack in acks if ack["ok"]]
        refused = [ack["error"] for ack in acks if not ack["ok"]]
        assert all(error["code"] == "overloaded" and error["retry_after"] > 0 for error in refused)
        room = await alice.ok("join_room", {"room_id": "general"})
        assert room["last_seq"] == 1 + len(stored)


async def test_the_answer_to_a_join_comes_before_what_is_new() -> None:
    async with rig() as made:
        await made.gateway()
        alice = await made.client("alice")
        await alice.ok("create_room", {"room_id": "general", "open": True})
        running = True

        async def post() -> None:
            while running:
                await alice.ok("message", {"room_id": "general", "body": "x"})

        poster = asyncio.create_task(post())
        for attempt in range(10):
            async with RawSocket(made.url(), {"token": token("bob")}) as socket:
                joined = (await socket.call(7, "join_room", {"room_id": "general", "since": 0}))["data"]
                await socket.until(lambda: len(socket.events("message")) >= 3, "nothing new")
                answer = next(index for index, frame in enumerate(socket.frames) if frame.startswith("437["))
                first = next(index for index, frame in enumerate(socket.frames) if frame.startswith('42["message"'))
                assert answer < first, attempt
                numbers = [message["seq"] for message in socket.events("message")]
                assert numbers == list(range(joined["last_seq"] + 1, joined["last_seq"] + 1 + len(numbers)))
        running = False
        await poster


async def test_leaving_stops_one_socket_and_leaving_for_ever_all_of_them() -> None:
    async with rig() as made:
        await made.gateway()
        alice, phone, laptop = await made.client("alice"), await made.client("bob"), await made.client("bob")
        await alice.ok("create_room", {"room_id": "general", "members": ["bob"]})
        for client in (alice, phone, laptop):
            await client.ok("join_room", {"room_id": "general"})
        await phone.ok("leave_room", {"room_id": "general"})
        await alice.ok("message", {"room_id": "general", "body": "one"})
        await laptop.next("message")
        await phone.ok("join_room", {"room_id": "general", "since": 2})
        await phone.ok("leave_room", {"room_id": "general", "forever": True})
        await alice.next("member_left")
        await alice.ok("message", {"room_id": "general", "body": "two"})
        await alice.next("message", 2)
        for client in (phone, laptop):
            await client.next("member_left")
            assert client.received[-1][0] == "member_left"
            refused = await client.error("message", {"room_id": "general", "body": "x"})
            assert refused["code"] == "permission_denied"
        assert (bodies(phone), bodies(laptop)) == ([], ["one"])


async def test_who_is_removed_hears_of_it_and_of_nothing_later_and_may_come_back() -> None:
    async with rig() as made:
        await made.gateway()
        alice, bob = await made.client("alice"), await made.client("bob")
        await alice.ok("create_room", {"room_id": "general", "members": ["bob"]})
        await bob.ok("join_room", {"room_id": "general"})
        for round_ in range(1, 4):
            await alice.ok("remove_member", {"room_id": "general", "user_id": "bob"})
            await alice.ok("message", {"room_id": "general", "body": "without bob"})
            await bob.next("member_left", round_)
            assert (await bob.error("join_room", {"room_id": "general"}))["code"] == "permission_denied"
            await alice.ok("add_members", {"room_id": "general", "user_ids": ["bob"]})
            await bob.ok("join_room", {"room_id": "general"})
            await alice.ok("message", {"room_id": "general", "body": f"with bob {round_}"})
            await bob.next("message", round_)
        assert bodies(bob) == [f"with bob {round_}" for round_ in range(1, 4)]


async def test_members_that_come_and_go_while_everybody_talks_never_hear_what_is_not_theirs() -> None:
    async with rig() as made:
        await made.gateway(max_recovered_events=100_000)
        await made.gateway()
        alice = await made.client("alice")
        bobs = [await made.client("bob", gateway=number % 2) for number in range(4)]
        await alice.ok("create_room", {"room_id": "general", "members": ["bob"]})
        running = True

        async def post() -> None:
            number = 0
            while running:
                number += 1
                await alice.ok("message", {"room_id": "general", "body": str(number)})

        async def rejoin(client: Client) -> None:
            while running:
                await client.call("join_room", {"room_id": "general"})

        work = [asyncio.create_task(post()), *(asyncio.create_task(rejoin(client)) for client in bobs)]
        for _ in range(25):
            await alice.ok("remove_member", {"room_id": "general", "user_id": "bob"})
            await alice.ok("add_members", {"room_id": "general", "user_ids": ["bob"]})
        running = False
        await asyncio.gather(*work)
        history = await everything(alice)
        outside: set[int] = set()
        inside = True
        for seq, name in sorted(history.items()):
            if not inside and name != "member_joined":
                outside.add(seq)
            inside = (inside and name != "member_left") or name == "member_joined"
        for client in bobs:
            heard = seqs(client)
            assert heard == sorted(set(heard)), "twice, or out of order"
            assert not outside.intersection(heard), "heard what was said in bob's absence"


async def everything(owner: Client) -> dict[int, str]:
    """Name of every numbered event of the room, by seq: the owner recovers all of it on a fresh socket."""
    fresh = Client(owner.url)
    await fresh.connect({"token": token("alice"), "recover": {"general": 0}})
    try:
        joined = await owner.ok("join_room", {"room_id": "general"})
        await fresh.until(lambda client: joined["last_seq"] in seqs(client), "not everything was recovered")
        named = {payload["seq"]: name for name, payload in fresh.received if "seq" in payload}
        assert set(named) == set(range(1, joined["last_seq"] + 1))
        return named
    finally:
        await fresh.close()


async def test_typing_reaches_the_others_and_ends_by_itself() -> None:
    async with rig(typing_ttl_s=0.2) as made:
        await made.gateway()
        alice, bob = await made.client("alice"), await made.client("bob")
        await alice.ok("create_room", {"room_id": "general", "members": ["bob"]})
        for client in (alice, bob):
            await client.ok("join_room", {"room_id": "general"})
        await alice.ok("typing_start", {"room_id": "general"})
        assert await bob.next("typing_start") == {"room_id": "general", "user_id": "alice", "role": "client"}
        assert await bob.next("typing_stop") == {"room_id": "general", "user_id": "alice", "role": "client"}


async def test_everything_of_a_room_travels_under_its_name() -> None:
    async with rig() as made:
        await made.gateway()
        alice, bob = await made.client("alice"), await made.client("bob")
        created = await alice.ok("create_room", {"kind": "direct", "members": ["bob"]})
        room = created["room"]["room_id"]
        again = await bob.ok("create_room", {"kind": "direct", "members": ["alice"]})
        assert (again["room"]["room_id"], again["created"]) == (room, False)
        for client in (alice, bob):
            await client.ok("join_room", {"room_id": room})
        post: dict[str, Any] = {"room_id": room, "body": "hello", "client_id": "c1", "attachments": [{"url": "x"}]}
        posted = await alice.ok("message", post)
        assert (await alice.ok("message", post))["duplicate"] is True
        where = {"room_id": room, "message_id": posted["id"]}
        await alice.ok("edit_message", {**where, "body": "hello again"})
        assert (await bob.ok("react", {**where, "emoji": "👍"}))["reactions"] == {"👍": ["bob"]}
        await bob.ok("unreact", {**where, "emoji": "👍"})
        await bob.ok("mark_read", {"room_id": room, "seq": posted["seq"]})
        await alice.ok("delete_message", where)
        await bob.next("message_deleted")
        names = [name for name, payload in bob.received if payload.get("room_id") == room]
        assert names == ["message", "message_updated", "reaction", "reaction", "read_receipt", "message_deleted"]
        assert bob.all("message")[0]["attachments"] == [{"url": "x"}]
        assert (await bob.ok("list_rooms", {}))["rooms"][0]["room"]["room_id"] == room
        refused = await bob.error("leave_room", {"room_id": room, "forever": True})
        assert refused["code"] == "failed_precondition"
