"""Words of danger reach the people who care within seconds, and nobody else; the person hears where to turn."""

import time

import msgspec
import pytest

from actors.kernel.contract.entity import Principal
from actors.rooms.conversation.binding import Opening
from actors.rooms.conversation.commands import Converse
from actors.rooms.conversation.policy import STRANGERS
from tests.gateway_rig import token
from tests.identity_rig import House
from tests.integration.moderation.rig import MO, a_room, attended, case_of, opened
from tests.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_an_emergency_is_raised_within_seconds_and_thoughts_make_a_case(home: House, mongo_url: str) -> None:
    ladder = {"rungs": [{"to": {"care_team": True}, "wait_s": 60}]}
    await home.ok("PUT", "/api/emergencies/ladders/default", ladder, bearer=home.admin())
    care = {"client_id": "ada-d", "therapist_id": "tess-d"}
    await home.ok("POST", "/api/care", care, bearer=home.admin())
    tess, ada = await home.socket(token("tess-d", "therapist")), await home.socket(token("ada-d"), gateway=1)
    other = await home.socket(token("oda-d"))
    await a_room(home, "rd", "ada-d", "oda-d")
    await other.ok("join_room", {"room_id": "rd"})
    async with attended(home, mongo_url):
        await ada.ok("message", {"room_id": "rd", "body": "this traffic is killing me"})
        await ada.ok("message", {"room_id": "rd", "body": "I do not want to live any more"})
        alert = await tess.next("safety_alert", 1)
        assert (alert["user_id"], alert["room_id"], alert["severity"]) == ("ada-d", "rd", "high")
        support = await ada.next("crisis_support", 1)
        assert support["resources"][0]["contact"]
        assert tess.all("emergency_alert") == []
        began = time.monotonic()
        await ada.ok("message", {"room_id": "rd", "body": "I am going to kill myself tonight"})
        cried = await tess.next("emergency_alert", 1)
        assert time.monotonic() - began < 5
        assert (cried["emergency"]["user_id"], cried["emergency"]["kind"]) == ("ada-d", "self_harm")
        again = await tess.next("safety_alert", 2)
        assert (again["case_id"], again["severity"]) == (alert["case_id"], "emergency")
    case = await opened(home, alert["case_id"])
    assert [one["message"]["body"] for one in case["evidence"]] == [
        "I do not want to live any more",
        "I am going to kill myself tonight",
    ]
    assert (await case_of(home, "crisis"))["severity"] == "emergency"
    assert other.all("safety_alert") == other.all("crisis_support") == []
    assert MO


async def test_words_beside_a_message_and_notes_of_requests_are_looked_at(home: House, mongo_url: str) -> None:
    for client in ("amy-n", "ben-n"):
        await home.ok("POST", "/api/care", {"client_id": client, "therapist_id": "tess-n"}, bearer=home.admin())
    tess, amy = await home.socket(token("tess-n", "therapist")), await home.socket(token("amy-n"), gateway=1)
    await a_room(home, "rn", "amy-n", "oda-n")
    danger = "I do not want to live any more"
    async with attended(home, mongo_url):
        choice = {"type": "choice", "prompt": danger, "options": ["yes", "no"]}
        await amy.ok("message", {"room_id": "rn", "body": "vote", "blocks": [choice]})
        assert (await tess.next("safety_alert", 1))["user_id"] == "amy-n"
        asked = Converse(
            relation="client_client",
            other="amy-n",
            policy=STRANGERS,
            policy_version=1,
            asks=True,
            accepted=1,
            opening=msgspec.msgpack.encode(Opening(note=danger)),
        )
        await home.region.ask("room:rq", asked, by=Principal("ben-n"))
        alert = await tess.next("safety_alert", 2)
        assert (alert["user_id"], alert["room_id"]) == ("ben-n", "rq")
    [evidence] = (await opened(home, alert["case_id"]))["evidence"]
    assert evidence["message"]["body"] == danger


async def test_what_is_refused_is_looked_at_once_and_kept_nowhere(home: House, mongo_url: str) -> None:
    care = {"client_id": "bob-w", "therapist_id": "tess-w"}
    await home.ok("POST", "/api/care", care, bearer=home.admin())
    tess = await home.socket(token("tess-w", "therapist"))
    ann, bob = await home.socket(token("ann-w")), await home.socket(token("bob-w"), gateway=1)
    room = (await ann.ok("create_room", {"kind": "direct", "members": ["bob-w"]}))["room"]["room_id"]
    async with attended(home, mongo_url):
        await ann.ok("block_user", {"user_id": "bob-w"})
        refused = await bob.error("message", {"room_id": room, "body": "I do not want to live any more"})
        assert refused["details"]["reason"] == "unreachable"
        alert = await tess.next("safety_alert", 1)
        assert (alert["user_id"], alert["room_id"]) == ("bob-w", room)

        async def gone() -> bool:
            turns = await home.stores.journal.turns("shield:bob-w", after=0, limit=10)
            return len(turns) > 2

        await eventually(gone, "it was not forgotten")
    assert ann.all("message") == []
