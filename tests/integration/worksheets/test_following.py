"""What follows: an emergency out of an answer, work that recurs, versions, drafts, export, erasure, cards in chats."""

from typing import Any

import pytest

from tests.gateway_rig import Client, token
from tests.identity_rig import PASSWORD, House
from tests.integration.worksheets.desk import DIARY, heard, pair
from tests.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_an_answer_that_is_an_emergency_raises_one(home: House) -> None:
    two = await pair(home, "f1")
    tess = await home.socket(two.tess)
    alert = {"id": "harm", "when": "{mood} = 0", "urgency": "emergency", "message": "Now."}
    sheet = await two.made({**DIARY, "alerts": [alert]})
    given = await two.given(sheet["worksheet_id"])
    await two.deed(given, "submit", two.ada, answers={"mood": 0})
    assert (await heard(tess, "answer_alert"))["urgency"] == "emergency"

    async def raised() -> bool:
        found = await home.ok("GET", "/api/emergencies?open=true", bearer=two.ada)
        return [one["kind"] for one in found["emergencies"]] == ["self_harm"]

    await eventually(raised, "no emergency")


async def test_it_recurs_by_a_rule_until_it_is_ended(home: House) -> None:
    two = await pair(home, "f2")
    given = await two.given(recurrence={"rrule": "FREQ=WEEKLY"}, count=3)
    assert given["series_id"] == given["series"]["series_id"]
    assert given["series"]["next_at"] > given["created_at"]
    path = f"/api/assignments/series/{given['series_id']}/end"
    await home.refused(404, "not_found", "POST", path, {}, bearer=token("eve-f2", "therapist"))
    assert "next_at" not in await home.ok("POST", path, {}, bearer=two.tess)
    listed = await home.ok("GET", f"/api/assignments?client_id={two.client}", bearer=two.tess)
    assert [one["assignment_id"] for one in listed["assignments"]] == [given["assignment_id"]]


async def test_a_change_is_meant_for_a_version(home: House) -> None:
    two = await pair(home, "f3")
    given = await two.given()
    path = f"/api/assignments/{given['assignment_id']}/collaboration"
    body = {"enabled": False}
    await home.refused(412, "failed_precondition", "PUT", path, body, bearer=two.tess, If_Match='"99"')
    changed = await home.ok("PUT", path, body, bearer=two.tess, If_Match=f'"{given["version"]}"')
    assert (changed["collaboration"], changed["version"] > given["version"]) == (False, True)
    draft = f"/api/assignments/{given['assignment_id']}/draft"
    await home.refused(403, "permission_denied", "GET", draft, bearer=two.tess)


async def test_drafts_are_saved_and_progress_is_seen_where_it_is_shared(home: House) -> None:
    two = await pair(home, "f4")
    given = await two.given(share_progress="completion")
    draft = f"/api/assignments/{given['assignment_id']}/draft"
    await home.ok("PUT", draft, {"answers": {"mood": 3}}, bearer=two.ada)
    assert (await home.ok("GET", draft, bearer=two.ada))["answers"] == {"mood": 3}
    assert (await two.get(given, two.tess))["status"] == "in_progress"
    told = await two.deed(given, "progress", two.ada, field="mood")
    assert (told["progress"]["answered"], told["progress"]["visible"]) == (1, 3)
    assert (await two.get(given, two.tess))["progress"]["answered"] == 1
    problem = await home.refused(
        412,
        "failed_precondition",
        "POST",
        f"/api/assignments/{given['assignment_id']}/progress",
        {"field": "mood", "seconds": 5},
        bearer=two.ada,
    )
    assert problem["details"]["reason"] == "not_shared"


async def test_what_is_theirs_is_handed_out_and_unreadable_once_they_are_erased(home: House) -> None:
    ada = await home.register("ada-f5@example.org")
    user, bearer = ada["user"]["user_id"], ada["access_token"]
    two = await pair(home, "f5")
    two.client = user
    await home.ok("POST", "/api/care", {"client_id": user, "therapist_id": two.therapist}, bearer=home.admin())
    given = await two.given()
    await two.deed(given, "submit", bearer, answers={"mood": 3, "story": "Canary story"})
    await two.deed(given, "feedback", two.tess, version=1, body="Canary private", private=True)
    out = await home.ok("GET", "/api/privacy/export", bearer=bearer)
    assert out["submissions"][0]["answers"]["story"] == "Canary story"
    assert "Canary private" not in str(out)
    await home.ok("POST", "/api/privacy/erase", {"password": PASSWORD}, bearer=bearer)

    async def gone() -> bool:
        answer: Any = await home.call("GET", f"/api/assignments/{given['assignment_id']}", bearer=two.tess)
        return "Diary" not in answer.text

    await eventually(gone, "it can still be read")


async def test_a_card_shows_the_state_and_each_uses_it_by_their_own_right(home: House) -> None:
    two = await pair(home, "card")
    tess, ada = await home.socket(two.tess), await home.socket(two.ada, gateway=1)
    room = {"room_id": "talk-card"}
    await tess.ok("create_room", {**room, "members": [two.client, "eve-card"]})
    for one in (tess, ada):
        await one.ok("join_room", room)
    given = await two.given()
    card = {"type": "worksheet", "assignment_id": given["assignment_id"]}
    other = await pair(home, "card-others")
    foreign = {"type": "worksheet", "assignment_id": (await other.given())["assignment_id"]}
    assert (await tess.error("message", {**room, "body": "", "blocks": [foreign]}))["code"] == "not_found"
    sent = await tess.ok("message", {**room, "body": "Please.", "blocks": [card]})
    [block] = (await ada.next("message"))["blocks"]
    assert (block["state"], block["fallback"], block["assignment_id"]) == (
        "assigned",
        "A worksheet",
        given["assignment_id"],
    )
    place = {**room, "message_id": sent["id"], "block_id": block["block_id"]}
    used = await ada.ok("use_block", place)
    assert (used["assignment"]["assignment_id"], used["assignment"]["title"]) == (given["assignment_id"], "Diary")
    path = f"/api/assignments/{given['assignment_id']}/draft"
    await home.ok("PUT", path, {"answers": {"mood": 3}}, bearer=two.ada)
    await turned(tess, place, "in_progress")
    await two.deed(given, "submit", two.ada)
    await turned(tess, place, "submitted")
    await two.deed(given, "review", two.tess)
    await turned(ada, place, "reviewed")
    [message] = (await ada.ok("history", {**room, "limit": 1}))["messages"]
    assert message["blocks"][0]["state"] == "reviewed"
    use = f"/api/rooms/talk-card/messages/{sent['id']}/blocks/{block['block_id']}"
    await home.refused(404, "not_found", "POST", use, {}, bearer=token("eve-card"))


async def turned(who: Client, place: dict[str, str], state: str) -> None:
    """The card is told to show this."""
    wanted = place | {"state": state}
    await who.until(lambda one: wanted in one.all("block_updated"), f"the card is not {state}")
