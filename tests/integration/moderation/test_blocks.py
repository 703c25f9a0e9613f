"""Blocks are in force when they are acknowledged, at every door; restrictions within two seconds, on live sockets."""

import pytest

from tests.gateway_rig import token
from tests.identity_rig import House
from tests.integration.moderation.rig import MO, case_of
from tests.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_neither_reaches_the_other_from_the_answer_on(home: House) -> None:
    ann, bob = await home.socket(token("ann-b")), await home.socket(token("bob-b"), gateway=1)
    room = (await ann.ok("create_room", {"kind": "direct", "members": ["bob-b"]}))["room"]["room_id"]
    await bob.ok("message", {"room_id": room, "body": "hello"})
    blocked = await ann.ok("block_user", {"user_id": "bob-b"})
    assert [one["user_id"] for one in blocked["blocked"]] == ["bob-b"]
    for socket in (bob, ann):
        refused = await socket.error("message", {"room_id": room, "body": "and now?"})
        assert refused["details"]["reason"] == "unreachable"
    assert (await bob.ok("list_blocks", {}))["blocked"] == []
    calling = await bob.error("call_user", {"callee_id": "ann-b", "media": "audio"})
    assert calling["details"]["reason"] == "unreachable"
    watched = await bob.ok("watch_presence", {"user_ids": ["ann-b"]})
    assert watched["presence"]["ann-b"]["status"] == "offline"
    await ann.ok("unblock_user", {"user_id": "bob-b"})
    await bob.ok("message", {"room_id": room, "body": "thank you"})


async def test_a_therapist_ends_care_instead(home: House) -> None:
    await home.ok("POST", "/api/care", {"client_id": "ada-b", "therapist_id": "tess-b"}, bearer=home.admin())
    refused = await home.refused(
        412, "failed_precondition", "PUT", "/api/blocks/ada-b", bearer=token("tess-b", "therapist")
    )
    assert refused["details"]["reason"] == "in_care"
    await home.ok("PUT", "/api/blocks/tess-b", bearer=token("ada-b"))


async def test_what_somebody_may_not_do_holds_on_their_live_socket_until_it_is_lifted(home: House) -> None:
    bob = await home.socket(token("bob-r"))
    await bob.ok("create_room", {"room_id": "rr"})
    await bob.ok("message", {"room_id": "rr", "body": "hello"})
    await home.ok("POST", "/api/reports", {"user_id": "bob-r", "reason": "spam"}, bearer=token("amy-r"))
    case = await case_of(home, "report")
    scope = ["message", "file"]
    asked = {"user_id": "bob-r", "scope": scope, "case_id": case["case_id"], "text": "For now."}
    made = (await home.ok("POST", "/api/moderation/restrictions", asked, bearer=MO))["restriction"]

    async def held_back() -> bool:
        answer = await bob.call("message", {"room_id": "rr", "body": "still?"})
        return bool(answer.get("error", {}).get("code") == "permission_denied")

    await eventually(held_back, "they may still write", timeout_s=2.0)
    sent = await home.refused(403, "permission_denied", "POST", "/api/files?name=a.txt", bearer=token("bob-r"))
    assert sent["details"]["reason"] == "restricted"
    told = await bob.next("moderation_notice", 1)
    assert (told["action"], told["text"]) == ("restrict", "For now.")
    body = {"restriction_id": made["restriction_id"], "text": "That was not me."}
    appeal = (await home.ok("POST", "/api/moderation/appeals", body, bearer=token("bob-r")))["appeal"]
    assert appeal["state"] == "open"
    await home.refused(404, "not_found", "POST", "/api/moderation/appeals", body, bearer=token("amy-r"))
    found = await case_of(home, "appeal")
    verdict = {"outcome": "upheld", "text": "Right."}
    path = f"/api/moderation/cases/{found['case_id']}/close"
    refused = await home.refused(412, "failed_precondition", "POST", path, verdict, bearer=MO)
    assert refused["details"]["reason"] == "same_person"
    await home.ok("POST", path, verdict, bearer=token("mia", "moderator"))

    async def may_again() -> bool:
        return bool((await bob.call("message", {"room_id": "rr", "body": "again"})).get("ok"))

    await eventually(may_again, "they may not write again")
