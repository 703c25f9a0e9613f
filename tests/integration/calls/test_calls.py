"""Calls from end to end: ringing at every socket, through two gateways, until one answers."""

import asyncio
from typing import Any

import pytest

from tests.gateway_rig import Client, token
from tests.identity_rig import House
from tests.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")


def of_call(client: Client, call_id: str) -> list[tuple[str, str]]:
    """What a socket heard of a call, in order: the event, and the reason."""
    heard = [(name, said) for name, said in client.received if name in ("call_notification", "call_ended")]
    return [(name, said.get("reason", "")) for name, said in heard if said["call"]["id"] == call_id]


async def until(client: Client, call_id: str, *events: tuple[str, str]) -> None:
    """It has heard just this of the call."""
    await client.until(lambda one: of_call(one, call_id) == list(events), f"not {events}")


async def ring(home: House, caller: str, callee: str, **members: Any) -> Any:
    body = {"callee_id": callee, "media": "video"} | members
    return (await home.ok("POST", "/api/calls", body, bearer=token(caller, "therapist")))["call"]


async def test_it_rings_at_every_socket_and_the_first_that_answers_has_it(home: House) -> None:
    devices = [await home.socket(token("ada-1"), gateway=number % 2) for number in range(5)]
    caller = await home.socket(token("tess-1", "therapist"))
    call = (await caller.ok("call_user", {"callee_id": "ada-1", "media": "audio"}))["call"]
    for device in devices:
        await until(device, call["id"], ("call_notification", ""))
    acks = await asyncio.gather(
        *(
            device.call("answer_call", {"call_id": call["id"], "device_id": f"d{number}"})
            for number, device in enumerate(devices[:3])
        )
    )
    (answered,) = [ack["data"]["call"] for ack in acks if ack["ok"]]
    refused = [ack["error"] for ack in acks if not ack["ok"]]
    assert [error["code"] for error in refused] == ["conflict", "conflict"]
    assert {error["details"]["answered_by"] for error in refused} == {answered["answered_by"]}
    for device in devices:
        await until(device, call["id"], ("call_notification", ""), ("call_ended", "answered_elsewhere"))
    await until(caller, call["id"], ("call_ended", "answered"))
    assert (await home.ok("GET", f"/api/calls/{call['id']}", bearer=token("ada-1")))["call"] == answered


@pytest.mark.parametrize(
    ("verb", "who", "reason"), [("decline", "ada-2", "declined"), ("cancel", "tess-2", "cancelled")]
)
async def test_it_stops_ringing_at_both_sides(home: House, verb: str, who: str, reason: str) -> None:
    sides = [await home.socket(token("ada-2")), await home.socket(token("tess-2", "therapist"), gateway=1)]
    call = await ring(home, "tess-2", "ada-2")
    ended = await home.ok("POST", f"/api/calls/{call['id']}/{verb}", {}, bearer=token(who, "therapist"))
    assert ended["call"]["status"] == reason
    await until(sides[0], call["id"], ("call_notification", ""), ("call_ended", reason))
    await until(sides[1], call["id"], ("call_ended", reason))


async def test_while_it_rings_nobody_else_gets_through_and_afterwards_they_do(home: House) -> None:
    call = await ring(home, "tess-3", "ada-3")
    for caller, callee in (("tom-3", "ada-3"), ("ada-3", "tess-3"), ("tess-3", "eve-3"), ("tom-3", "tess-3")):
        body = {"callee_id": callee, "media": "audio"}
        problem = await home.refused(
            412, "failed_precondition", "POST", "/api/calls", body, bearer=token(caller, "therapist")
        )
        assert problem["details"]["reason"] == "busy"
    free = await ring(home, "tom-3", "eve-3")
    await home.ok("POST", f"/api/calls/{free['id']}/cancel", {}, bearer=token("tom-3", "therapist"))
    await home.ok("POST", f"/api/calls/{call['id']}/answer", {}, bearer=token("ada-3"))

    async def through() -> bool:
        answer = await home.call(
            "POST", "/api/calls", {"callee_id": "ada-3", "media": "audio"}, bearer=token("tom-3", "therapist")
        )
        return answer.status_code == 201

    await eventually(through, "the line stays busy after the call was answered")


async def test_nobody_calls_themselves_or_whom_they_cannot_reach(home: House) -> None:
    bearer = token("tess-4", "therapist")
    own = {"callee_id": "tess-4", "media": "audio"}
    await home.refused(400, "invalid_argument", "POST", "/api/calls", own, bearer=bearer)
    home.apart.add(frozenset(("tess-4", "ada-4")))
    body = {"callee_id": "ada-4", "media": "audio"}
    await home.refused(403, "permission_denied", "POST", "/api/calls", body, bearer=bearer)
    for wrong in ({"callee_id": "ada-4"}, {"callee_id": "a b", "media": "audio"}, body | {"media": "smoke"}):
        await home.refused(400, "invalid_argument", "POST", "/api/calls", wrong, bearer=bearer)


async def test_a_repeat_under_the_same_request_id_is_the_same_call(home: House) -> None:
    caller = await home.socket(token("tess-5", "therapist"))
    body = {"callee_id": "ada-5", "media": "audio", "request_id": "r1"}
    first = await caller.ok("call_user", body)
    assert await caller.ok("call_user", body) == first


async def test_what_was_rung_and_over_meanwhile_is_told_in_order_to_who_comes_back(home: House) -> None:
    call = await ring(home, "tess-6", "ada-6")
    await home.ok("POST", f"/api/calls/{call['id']}/cancel", {}, bearer=token("tess-6", "therapist"))
    late = await home.socket(token("ada-6"), inbox=0)
    await until(late, call["id"], ("call_notification", ""), ("call_ended", "cancelled"))


async def test_nothing_rings_at_who_is_erased(home: House) -> None:
    ada = await home.register("ada-7@example.org")
    call = await ring(home, "tess-7", ada["user"]["user_id"])
    await home.ok("POST", f"/api/privacy/users/{ada['user']['user_id']}/erase", bearer=home.admin())
    seen = await home.ok("GET", f"/api/calls/{call['id']}", bearer=token("tess-7", "therapist"))
    assert seen["call"]["status"] == "cancelled"
