"""Presence over real sockets, with two gateways in between."""

import asyncio
from typing import Any

from config.settings import PresenceSettings
from tests.clients.raw_socket import RawSocket
from tests.gateway_rig import CLOCK, Client, Rig, rig, token
from tests.waiting import eventually

QUICK = {"grace_s": 0.3}


def presence_events(client: Client) -> list[tuple[str, str]]:
    """(event, its status) of every presence event so far."""
    names = ("user_online", "user_offline", "presence_changed")
    return [(name, payload.get("status", "offline")) for name, payload in client.received if name in names]


async def watch(client: Client, *users: str) -> dict[str, Any]:
    """The `presence` that a watch is answered with."""
    answer: dict[str, Any] = (await client.ok("watch_presence", {"user_ids": list(users)}))["presence"]
    return answer


async def devices_are(client: Client, user: str, count: int) -> None:
    """Wait until the watcher is told this number."""

    async def met() -> bool:
        devices: int = (await watch(client, user))[user]["devices"]
        return devices == count

    await eventually(met, f"not {count} devices")


async def two_gateways(made: Rig) -> None:
    await made.gateway()
    await made.gateway()


async def test_a_watcher_hears_of_coming_changing_and_going_at_another_gateway() -> None:
    async with rig(presence=QUICK) as made:
        await two_gateways(made)
        alice = await made.client("alice")
        assert await watch(alice, "bob") == {"bob": {"status": "offline", "last_seen": None, "devices": 0}}
        bob = await made.client("bob", gateway=1)
        online = await alice.next("user_online")
        assert online["user_id"] == "bob"
        assert online["status"] == "online"
        assert online["at"].endswith("Z")
        assert await bob.ok("set_presence", {"status": "busy"}) == {"status": "busy"}
        assert (await alice.next("presence_changed"))["status"] == "busy"
        await bob.close()
        offline = await alice.next("user_offline")
        assert set(offline) == {"user_id", "last_seen"}
        assert offline["last_seen"] >= online["at"]
        assert presence_events(alice) == [
            ("user_online", "online"),
            ("presence_changed", "busy"),
            ("user_offline", "offline"),
        ]
        again = await made.client("carol", gateway=1)
        shown = (await watch(again, "bob"))["bob"]
        assert shown == {"status": "offline", "last_seen": offline["last_seen"], "devices": 0}


async def test_a_user_is_online_while_any_device_is_and_a_reload_is_not_an_absence() -> None:
    async with rig(presence=QUICK) as made:
        await two_gateways(made)
        alice = await made.client("alice")
        phone = await made.client("bob", gateway=0, device_id="phone")
        await made.client("bob", gateway=1, device_id="phone")
        laptop = await made.client("bob", gateway=1, device_id="laptop")
        await devices_are(alice, "bob", 2)
        await laptop.close()
        await phone.close()
        await made.clients[2].close()
        back = await made.client("bob", gateway=0)  # within the grace
        await back.ok("set_presence", {"status": "away"})
        assert (await alice.next("presence_changed"))["status"] == "away"
        assert presence_events(alice) == [("presence_changed", "away")]


async def test_the_invisible_look_offline_to_all_but_themselves_and_stay_so() -> None:
    async with rig(presence=QUICK) as made:
        await two_gateways(made)
        alice, bob = await made.client("alice"), await made.client("bob", gateway=1)
        await devices_are(alice, "bob", 1)
        assert (await watch(bob, "bob"))["bob"]["status"] == "online"
        await bob.ok("set_presence", {"status": "invisible"})
        hidden = await alice.next("user_offline")
        assert (await bob.next("presence_changed"))["status"] == "invisible"
        await bob.close()
        back = await made.client("bob", gateway=0)
        await devices_are(back, "bob", 1)
        assert (await watch(back, "bob"))["bob"] == {
            "status": "invisible",
            "last_seen": hidden["last_seen"],
            "devices": 1,
        }
        assert (await watch(alice, "bob"))["bob"] == {
            "status": "offline",
            "last_seen": hidden["last_seen"],
            "devices": 0,
        }
        await back.ok("set_presence", {"status": "online"})
        await alice.next("user_online")
        assert presence_events(alice) == [("user_offline", "offline"), ("user_online", "online")]


async def test_only_watchers_hear_and_unwatching_ends_it() -> None:
    async with rig(presence=QUICK) as made:
        await two_gateways(made)
        alice, bystander = await made.client("alice"), await made.client("bystander")
        await watch(alice, "bob", "carol")
        assert await alice.ok("unwatch_presence", {"user_ids": ["bob"]}) == {"presence": {}}
        await made.client("bob", gateway=1)
        await made.client("carol", gateway=1)
        assert (await alice.next("user_online"))["user_id"] == "carol"
        await devices_are(alice, "bob", 1)
        assert all(payload["user_id"] == "carol" for payload in alice.all("user_online"))
        assert presence_events(bystander) == []
        await alice.close()
        await eventually(lambda: _is(made.trackers[0].watched == 0), "its watches outlived the socket")


async def test_an_unwatch_sent_right_behind_a_watch_wins() -> None:
    async with rig(presence=QUICK) as made:
        gateway = await made.gateway()
        async with RawSocket(made.url(), {"token": token("alice")}) as socket:
            await socket.send('421["watch_presence",{"user_ids":["bob"]}]')
            await socket.send('422["unwatch_presence",{"user_ids":["bob"]}]')
            assert (await socket.ack(1))["data"]["presence"]["bob"]["status"] == "offline"
            assert (await socket.ack(2))["ok"]
            assert gateway.stats()["watched"] == 0
            assert made.trackers[0].watched == 0


async def test_bad_requests_are_refused_and_leave_nothing() -> None:
    async with rig(presence={"max_watched": 3}) as made:
        gateway = await made.gateway()
        alice = await made.client("alice")
        for event, payload in [
            ("set_presence", {"status": "sleeping"}),
            ("set_presence", {}),
            ("watch_presence", {"user_ids": ["no good"]}),
            ("watch_presence", {"user_ids": [f"u{number}" for number in range(501)]}),
            ("unwatch_presence", {"user_ids": "bob"}),
        ]:
            assert (await alice.error(event, payload))["code"] == "invalid_argument", (event, payload)
        await watch(alice, "a", "b")
        assert (await alice.error("watch_presence", {"user_ids": ["b", "c", "d"]}))["code"] == "failed_precondition"
        assert gateway.stats()["watched"] == 2
        await watch(alice, "a", "b", "c", "c")
        anonymous = made.anonymous()
        await anonymous.connect({})
        assert (await anonymous.error("watch_presence", {"user_ids": ["a"]}))["code"] == "unauthenticated"


async def test_users_of_a_gateway_that_died_go_offline_and_those_who_came_elsewhere_do_not() -> None:
    async with rig(presence={"grace_s": 0.3, "gateway_lease_s": 0.8, "fetch_wait_s": 0.2}) as made:
        await two_gateways(made)
        alice = await made.client("alice")
        await made.client("bob", gateway=1)
        await made.client("carol", gateway=1)
        await devices_are(alice, "bob", 1)
        await devices_are(alice, "carol", 1)
        await made.trackers[1].abort()
        died_s = CLOCK.monotonic_s()
        await made.client("carol", gateway=0)
        assert (await alice.next("user_offline"))["user_id"] == "bob"
        assert CLOCK.monotonic_s() - died_s > 0.8
        assert {payload["user_id"] for payload in alice.all("user_offline")} == {"bob"}


async def test_while_presence_is_away_requests_are_told_so_and_chat_goes_on() -> None:
    async with rig(presence={"patience_s": 0.3}) as made:
        await made.gateway()
        alice = await made.client("alice")
        await watch(alice, "bob")
        await made.presence[0].stop()
        for method in ("subscribe", "submit", "fetch"):
            setattr(made.presence[0], method, _hang)
        assert (await alice.error("set_presence", {"status": "away"}))["code"] == "unavailable"
        assert (await alice.error("watch_presence", {"user_ids": ["carol"]}))["code"] == "unavailable"
        assert (await watch(alice, "bob"))["bob"]["status"] == "offline"  # what was known last
        await alice.ok("create_room", {"room_id": "general"})


async def _is(true: bool) -> bool:
    return true


async def _hang(_: bytes) -> bytes:
    await asyncio.Event().wait()
    return b""


def test_a_gateway_that_dies_is_noticed_within_the_promise() -> None:
    """20 s, a beat of the shard's clock included."""
    settings = PresenceSettings()
    assert settings.gateway_lease_s + settings.grace_s + 1.0 <= 20.0


async def test_a_socket_counts_from_when_it_has_said_whose_it_is() -> None:
    async with rig(presence=QUICK) as made:
        await made.gateway()
        alice = await made.client("alice")
        assert (await watch(alice, "bob"))["bob"]["devices"] == 0
        late = made.anonymous()
        await late.connect({"device_id": "tablet"})
        assert presence_events(alice) == []
        await late.ok("authenticate", {"token": token("bob")})
        assert (await alice.next("user_online"))["user_id"] == "bob"
        await late.ok("authenticate", {"token": token("bob")})
        await late.close()
        assert (await alice.next("user_offline"))["user_id"] == "bob"
