"""Banners at sockets: when one begins, behind the session of whoever comes later, and when it ends."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from actors.kernel.contract.protocol import TopicDelivery
from tests.gateway_rig import token
from tests.identity_rig import House
from tests.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")
PATH = "/api/system/banners"


def ahead(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


async def create(home: House, **members: Any) -> Any:
    body = {"title": "Maintenance", "body": "Soon", "severity": "info", "ends_at": ahead(3600)} | members
    return (await home.ok("POST", PATH, body, bearer=home.admin()))["banner"]


async def end(home: House, banner: Any) -> None:
    await home.ok("POST", f"{PATH}/{banner['id']}/end", {}, bearer=home.admin())


async def test_every_socket_hears_it_begin_and_end_and_whoever_comes_sees_it(home: House) -> None:
    here = [await home.socket(token("ada-1"), gateway=number) for number in (0, 1)]
    banner = await create(home)
    for socket in here:
        assert (await socket.next("system_banner"))["banner"] == banner
    late = await home.socket(token("bob-1"))
    assert (await late.next("system_banner"))["banner"] == banner
    names = [name for name, _ in late.received]
    assert names.index("session") < names.index("system_banner")
    await end(home, banner)
    for socket in (*here, late):
        assert await socket.next("system_banner_ended") == {"banner_id": banner["id"]}
    after = await home.socket(token("cyd-1"))
    await after.ok("list_rooms", {})
    assert after.all("system_banner") == []


async def test_it_is_shown_to_its_roles_only(home: House) -> None:
    tess, ada = await home.socket(token("tess-2", "therapist")), await home.socket(token("ada-2"))
    banner = await create(home, roles=["therapist"])
    await tess.next("system_banner")
    late = await home.socket(token("ada-2"))
    await end(home, banner)
    await tess.next("system_banner_ended")
    for client in (ada, late):
        await client.ok("list_rooms", {})
        assert client.all("system_banner") == client.all("system_banner_ended") == []


async def test_it_begins_and_ends_by_itself(home: House) -> None:
    ada = await home.socket(token("ada-3"))
    banner = await create(home, starts_at=ahead(0.5), ends_at=ahead(1.0))
    assert ada.all("system_banner") == []
    assert (await ada.next("system_banner"))["banner"]["id"] == banner["id"]
    await ada.next("system_banner_ended")


async def test_who_has_no_token_sees_what_is_for_everybody(home: House) -> None:
    banner, other = await create(home), await create(home, roles=["admin"])
    seen = await home.ok("GET", PATH)
    assert [one["id"] for one in seen["banners"]] == [banner["id"]]
    everything = await home.ok("GET", PATH, bearer=home.admin())
    assert len(everything["banners"]) == 2
    for one in (banner, other):
        await end(home, one)


async def test_a_gateway_that_comes_later_knows_what_lasts(home: House) -> None:
    banner = await create(home, severity="outage")
    await home.gateway()

    async def shown() -> bool:
        socket = await home.socket(token("ada-5"), gateway=len(home.gateways) - 1)
        await socket.ok("list_rooms", {})
        return [one["banner"]["id"] for one in socket.all("system_banner")] == [banner["id"]]

    await eventually(shown, "a gateway that came later does not show it")
    await end(home, banner)


async def test_sockets_that_come_cost_the_shard_nothing(home: House) -> None:
    """What a gateway knows it tells from memory: nobody asks the entity, which would be asked by a command."""
    banner = await create(home)
    watcher = await home.socket(token("ada-6"))
    await watcher.next("system_banner")
    before = (await home.ok("GET", PATH))["banners"]
    turns = await home.database["journal"].count_documents({"entity": "banners:house"})
    for number in range(20):
        socket = await home.socket(token(f"many-{number}"))
        await socket.next("system_banner")
    assert await home.database["journal"].count_documents({"entity": "banners:house"}) == turns
    assert (await home.ok("GET", PATH))["banners"] == before
    await end(home, banner)


async def test_a_listener_that_fails_takes_nothing_from_the_others(home: House) -> None:
    hub = home.hubs[0]

    def fails(_: object) -> None:
        raise RuntimeError("broken")

    hub.hears("broken:topic", fails)
    hub.deliver([TopicDelivery(topic="broken:topic", version=1, packet=b'["x",{}]')])
    banner = await create(home)
    socket = await home.socket(token("ada-7"))
    await socket.next("system_banner")
    await end(home, banner)


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": ""},
        {"title": "a\nb"},
        {"severity": "loud"},
        {"ends_at": "2001-01-01T00:00:00Z"},
        {"ends_at": "Mars"},
        {"roles": []},
        {"roles": ["plumber"]},
        {"starts_at": "2099-01-01T00:00:00Z"},
    ],
)
async def test_a_banner_that_is_none_is_refused(home: House, wrong: Any) -> None:
    body = {"title": "Maintenance", "body": "Soon", "severity": "info", "ends_at": ahead(3600)} | wrong
    await home.refused(400, "invalid_argument", "POST", PATH, body, bearer=home.admin())
    await home.refused(403, "permission_denied", "POST", PATH, body, bearer=token("tess", "therapist"))
