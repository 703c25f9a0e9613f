"""What is held goes to nobody until it is released, once; its sender is told, and nothing is pretended."""

import asyncio

import pytest

from tests.gateway_rig import token
from tests.identity_rig import House
from tests.integration.moderation.rig import MIA, MO, attended, two_clients
from tests.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_held_released_once_and_answered_as_posted(home: House, mongo_url: str) -> None:
    await two_clients(home, "cc1", "ann-h", "bob-h")
    ann, bob = await home.socket(token("ann-h")), await home.socket(token("bob-h"), gateway=1)
    await bob.ok("join_room", {"room_id": "cc1"})
    await ann.ok("message", {"room_id": "cc1", "body": "hello"})
    asked = {"room_id": "cc1", "body": "my mail is ann@example.org", "client_id": "c-1"}
    held = await ann.ok("message", asked)
    assert held["state"] == "held"
    assert "seq" not in held
    told = await ann.next("message_held", 1)
    assert (told["held_id"], told["message"]["body"]) == (held["held_id"], "my mail is ann@example.org")
    again = await ann.ok("message", asked)
    assert again["held_id"] == held["held_id"]
    assert [one["body"] for one in bob.all("message")] == ["hello"]

    async def listed() -> bool:
        found = await home.ok("GET", "/api/moderation/held?state=held", bearer=MO)
        return [(one["held_id"], one["matched"], one["message"]["body"]) for one in found["held"]] == [
            (held["held_id"], ["email"], "my mail is ann@example.org")
        ]

    await eventually(listed, "moderators do not see it")
    path = f"/api/moderation/held/{held['held_id']}/release"
    async with attended(home, mongo_url):
        both = await asyncio.gather(
            *(home.ok("POST", path, {}, bearer=one) for one in (MO, MIA)), return_exceptions=True
        )
        assert {(one["held"]["state"], one["held"]["message"]["body"]) for one in both if isinstance(one, dict)} == {
            ("released", "my mail is ann@example.org")
        }
        posted = await bob.next("message", 2)
    assert posted["body"] == "my mail is ann@example.org"
    now = await ann.ok("message", asked)
    assert (now["seq"], now["duplicate"]) == (posted["seq"], True)
    history = await bob.ok("history", {"room_id": "cc1"})
    assert [one["body"] for one in history["messages"]] == ["hello", "my mail is ann@example.org"]


async def test_what_is_rejected_goes_nowhere_and_says_why(home: House, mongo_url: str) -> None:
    await two_clients(home, "cc2", "amy-h", "ben-h")
    amy = await home.socket(token("amy-h"))
    first = await amy.ok("message", {"room_id": "cc2", "body": "hello"})
    held = await amy.ok("edit_message", {"room_id": "cc2", "message_id": first["id"], "body": "call 0171 5551234"})
    assert held["state"] == "held"
    await amy.next("message_held", 1)
    body = {"text": "Please keep numbers to yourselves."}
    async with attended(home, mongo_url):
        await home.ok("POST", f"/api/moderation/held/{held['held_id']}/reject", body, bearer=MO)
        told = await amy.next("message_rejected", 1)
    assert (told["held_id"], told["text"]) == (held["held_id"], body["text"])
    history = await amy.ok("history", {"room_id": "cc2"})
    assert [one["body"] for one in history["messages"]] == ["hello"]


async def test_words_of_the_house_hold_too_and_what_is_let_is_let(home: House) -> None:
    from serve_app.cluster.beside.screening import screen_of_process

    await two_clients(home, "cc3", "cyd-h", "dan-h")
    cyd = await home.socket(token("cyd-h"))
    policy = {"words": ["blue lagoon"], "actions": {"link": {"client_client": "let"}}}
    set_ = await home.ok("PUT", "/api/moderation/policy", policy, bearer=home.admin())
    assert set_["version"] >= 1
    await home.refused(403, "permission_denied", "GET", "/api/moderation/policy", bearer=MO)
    try:
        await screen_of_process().look(home.stores.views)
        assert (await cyd.ok("message", {"room_id": "cc3", "body": "Blue Lagoon at nine"}))["state"] == "held"
        assert "seq" in await cyd.ok("message", {"room_id": "cc3", "body": "see example.org"})
    finally:
        await home.ok("PUT", "/api/moderation/policy", {}, bearer=home.admin())
        await screen_of_process().look(home.stores.views)
