"""Conversations of a client and a therapist: open, paused and closed with their care, and shown to who stands in."""

import asyncio
from typing import Any

import pytest

from tests.gateway_rig import Client, token
from tests.identity_rig import House
from tests.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")
HOUR_MS = 3_600_000


async def established(home: House, client: str, therapist: str) -> str:
    """The id of a relationship that is in force."""
    body = {"client_id": client, "therapist_id": therapist}
    made: str = (await home.ok("POST", "/api/care", body, bearer=home.admin()))["care_id"]
    return made


async def conversation(home: House, client: str, therapist: str) -> Any:
    body = {"relation": "client_therapist", "with": therapist}
    return await home.ok("POST", "/api/conversations", body, bearer=token(client))


async def says(socket: Client, room_id: str, body: str) -> Any:
    return await socket.ok("message", {"room_id": room_id, "body": body})


async def test_a_client_and_a_therapist_have_one_while_there_is_care(home: House) -> None:
    body = {"relation": "client_therapist", "with": "tess"}
    problem = await home.refused(412, "failed_precondition", "POST", "/api/conversations", body, bearer=token("ann"))
    assert problem["details"]["reason"] == "no_care"
    care = await established(home, "ann", "tess")
    made = await conversation(home, "ann", "tess")
    assert (made["created"], made["room"]["state"], made["room"]["care_id"]) == (True, "open", care)
    assert made["room"]["owner_id"] == "tess"
    tess = await home.socket(token("tess", "therapist"))
    again = await tess.ok("create_conversation", {"relation": "client_therapist", "with": "ann", "care_id": care})
    assert (again["created"], again["room"]["room_id"]) == (False, made["room"]["room_id"])
    await says(tess, made["room"]["room_id"], "Good morning")
    page = await home.ok("GET", "/api/conversations?relation=client_therapist", bearer=token("ann"))
    assert [(line["unread"], line["last_message"]["body"]) for line in page["rooms"]] == [(1, "Good morning")]
    assert (await home.ok("GET", "/api/conversations?state=closed", bearer=token("ann")))["rooms"] == []


async def test_two_who_begin_it_at_once_at_two_gateways_have_one(home: House) -> None:
    await established(home, "bea", "tess")
    client = await home.socket(token("bea"))
    therapist = await home.socket(token("tess", "therapist"), gateway=1)
    made = await asyncio.gather(
        *(client.ok("create_conversation", {"relation": "client_therapist", "with": "tess"}) for _ in range(4)),
        *(therapist.ok("create_conversation", {"relation": "client_therapist", "with": "bea"}) for _ in range(4)),
    )
    assert len({one["room"]["room_id"] for one in made}) == 1
    assert sum(one["created"] for one in made) == 1


async def test_who_asks_eight_people_at_once_at_two_gateways_asks_five(home: House) -> None:
    sockets = [await home.socket(token("abe"), gateway=gateway) for gateway in (0, 1)]
    body = {"relation": "client_client", "accept_policy": 1}
    acks = await asyncio.gather(
        *(sockets[number % 2].call("create_conversation", body | {"with": f"friend-{number}"}) for number in range(8))
    )
    refused = [ack["error"] for ack in acks if not ack["ok"]]
    assert [(one["code"], one["details"]["reason"]) for one in refused] == [("rate_limited", "open_requests")] * 3
    page = await sockets[0].ok("list_conversations", {"state": "requested"})
    assert len(page["rooms"]) == 5
    room = page["rooms"][0]["room"]["room_id"]
    (friend,) = {one["user_id"] for one in (await sockets[0].ok("get_conversation", {"room_id": room}))["members"]} - {
        "abe"
    }
    again = await sockets[1].ok("create_conversation", body | {"with": friend})
    assert again["created"] is False
    await home.ok("POST", f"/api/conversations/{room}/respond", {"accept": False}, bearer=token(friend))

    async def asks() -> bool:
        return bool((await sockets[0].call("create_conversation", body | {"with": "friend-9"}))["ok"])

    await eventually(asks, "the answer gave no place back")


async def test_once_care_is_over_nothing_is_said_and_all_is_read(home: House) -> None:
    care = await established(home, "cat", "tess")
    room = (await conversation(home, "cat", "tess"))["room"]["room_id"]
    cat, tess = await home.socket(token("cat")), await home.socket(token("tess", "therapist"), gateway=1)
    for one in (cat, tess):
        await one.ok("join_room", {"room_id": room})
    await says(cat, room, "before")
    for state, path in (("paused", "pause"), ("closed", "end")):
        await home.ok("POST", f"/api/care/{care}/{path}", bearer=home.admin())
        for who in (cat, tess):
            refused = await who.error("message", {"room_id": room, "body": "after"})
            assert (refused["code"], refused["details"]["reason"]) == ("failed_precondition", state)
            assert {"title", "contact"} == set(refused["details"]["help"][0])
        await tess.until(
            lambda one, state=state: (
                one.all("conversation_updated")[-1:] != []  # type: ignore[misc]
                and one.all("conversation_updated")[-1]["room"]["state"] == state
            ),
            f"not {state}",
        )
    assert [one["body"] for one in (await cat.ok("history", {"room_id": room}))["messages"]] == ["before"]
    await established(home, "cat", "tess")
    found = await home.ok("GET", f"/api/conversations/{room}", bearer=token("cat"))
    assert found["room"]["state"] == "open"
    await says(cat, room, "again")


async def test_eight_who_post_while_care_ends_are_heard_before_or_not_at_all(home: House) -> None:
    care = await established(home, "dan", "tess")
    room = (await conversation(home, "dan", "tess"))["room"]["room_id"]
    sockets = [await home.socket(token("dan"), gateway=number % 2) for number in range(4)]
    sockets += [await home.socket(token("tess", "therapist"), gateway=number % 2) for number in range(4)]
    over = asyncio.Event()
    late: list[Any] = []

    async def talk(socket: Client) -> None:
        for number in range(200):
            begun_after = over.is_set()
            ack = await socket.call("message", {"room_id": room, "body": str(number)})
            if begun_after:
                late.append(ack["ok"])
                return

    async def end() -> None:
        await asyncio.sleep(0.05)
        await home.ok("POST", f"/api/care/{care}/end", bearer=token("dan"))
        over.set()

    await asyncio.gather(end(), *map(talk, sockets))
    assert late == [False] * len(late)
    assert late


async def test_who_stands_in_reads_and_says_what_they_may(home: House) -> None:
    care = await established(home, "eva", "tess")
    room = (await conversation(home, "eva", "tess"))["room"]["room_id"]
    eva = await home.socket(token("eva"))
    await eva.ok("join_room", {"room_id": room})
    old = await says(eva, room, "long ago")
    until = "2126-12-08T08:00:00.000Z"
    cover = {"therapist_id": "kim", "until": "2026-12-29T08:00:00Z", "history": "none"}
    path = f"/api/care/{care}/cover"
    await home.refused(403, "permission_denied", "POST", path, cover, bearer=token("eva"))
    await home.refused(404, "not_found", "POST", path, cover, bearer=token("kim", "therapist"))
    await home.refused(
        400, "invalid_argument", "POST", path, cover | {"until": until}, bearer=token("tess", "therapist")
    )
    made = (await home.ok("POST", path, cover, bearer=token("tess", "therapist")))["cover"]
    assert (made["state"], made["history"], made["care_id"]) == ("active", "none", care)
    assert (await eva.next("cover_updated"))["cover"] == made
    kim = await home.socket(token("kim", "therapist"), gateway=1)
    joined = await kim.ok("join_room", {"room_id": room, "since": 0})
    assert {one["user_id"]: one["role"] for one in joined["members"]} == {
        "eva": "member",
        "tess": "owner",
        "kim": "cover",
    }
    assert joined["messages"] == []
    new = await says(eva, room, "new")
    assert [one["body"] for one in (await kim.ok("history", {"room_id": room, "after": 0}))["messages"]] == ["new"]
    assert (await kim.error("react", {"room_id": room, "message_id": old["id"], "emoji": "👍"}))["code"] == "not_found"
    assert (await kim.error("message", {"room_id": room, "body": "x", "reply_to": old["id"]}))["code"] == "not_found"
    await eva.ok("edit_message", {"room_id": room, "message_id": old["id"], "body": "changed"})
    await eva.ok("edit_message", {"room_id": room, "message_id": new["id"], "body": "newer"})
    await kim.next("message_updated")
    assert [one["message"]["body"] for one in kim.all("message_updated")] == ["newer"]
    await says(kim, room, "I am here")
    ended = (await home.ok("DELETE", f"{path}/{made['cover_id']}", bearer=token("tess", "therapist")))["cover"]
    assert ended["state"] == "ended"
    await kim.next("member_left")
    for event, more in (("history", {}), ("join_room", {}), ("message", {"body": "still here"})):
        assert (await kim.error(event, {"room_id": room, **more}))["code"] == "permission_denied"


async def test_a_cover_begins_and_ends_by_itself(home: House) -> None:
    care = await established(home, "fay", "tess")
    room = (await conversation(home, "fay", "tess"))["room"]["room_id"]
    fay = await home.socket(token("fay"))
    now = home.clock.now_ms()
    body = {"therapist_id": "kim", "from": stamp(now + HOUR_MS), "until": stamp(now + 2 * HOUR_MS), "history": "all"}
    made = (await home.ok("POST", f"/api/care/{care}/cover", body, bearer=home.admin()))["cover"]
    assert made["state"] == "planned"
    seen = await home.ok("GET", f"/api/conversations/{room}", bearer=token("fay"))
    assert (seen["cover"], len(seen["members"])) == (made, 2)
    for state in ("active", "ended"):
        home.clock.ahead_ms += HOUR_MS
        await fay.until(
            lambda one, state=state: [said["cover"]["state"] for said in one.all("cover_updated")][-1:] == [state],  # type: ignore[misc]
            f"not {state}",
        )
    home.clock.ahead_ms = 0


def stamp(at_ms: int) -> str:
    from common.clock import to_rfc3339

    return to_rfc3339(at_ms)
