"""What ends while people write: care, a person, an attempt. Who is out is told, and nothing more of theirs is taken."""

import asyncio
from typing import Any

import pytest

from tests.clients.y_client import YClient
from tests.identity_rig import PASSWORD, House
from tests.integration.worksheets.desk import DIARY, Pair, pair
from tests.integration.worksheets.writing.test_joining import Writer
from tests.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")
SHARED: dict[str, Any] = DIARY | {
    "fields": [*DIARY["fields"], {"id": "plan", "type": "long_text", "label": "What now?", "filled_by": "both"}]
}
OUT_S = 2.0


async def worksheet(two: Pair) -> Any:
    made = await two.made(SHARED)
    return await two.given(made["worksheet_id"])


async def test_a_therapist_whose_care_ended_is_out_at_once_and_what_they_write_is_refused(home: House) -> None:
    two = await pair(home, "end1")
    given = await worksheet(two)
    id_ = given["assignment_id"]
    tess = Writer(await home.socket(two.tess, gateway=1), 6000, id_)
    await tess.join()
    assert (await tess.write("text:plan", "while it lasts "))["ok"]
    async with YClient(f"http://127.0.0.1:{home.gateways[0].port}", id_, two.tess) as other:
        await other.synced()
        (care,) = (await home.ok("GET", "/api/care", bearer=two.tess))["items"]
        ended = asyncio.create_task(home.ok("POST", f"/api/care/{care['care_id']}/end", bearer=two.tess))
        async with asyncio.timeout(OUT_S):
            assert await other.closed() == 4409
            closed = await tess.client.next("worksheet_closed")
        assert closed["reason"] == "cancelled"
        assert (await tess.write("text:plan", "too late"))["error"]["code"] == "failed_precondition"
        await ended


async def test_an_erasure_while_they_write_ends_it_for_both_and_leaves_nothing(home: House) -> None:
    registered = await home.register("ada-end2@example.org")
    user, ada_bearer = registered["user"]["user_id"], registered["access_token"]
    two = await pair(home, "end2")
    two.client = user
    await home.ok("POST", "/api/care", {"client_id": user, "therapist_id": two.therapist}, bearer=home.admin())
    given = await worksheet(two)
    id_ = given["assignment_id"]
    tess = Writer(await home.socket(two.tess, gateway=1), 6000, id_)
    await tess.join()
    async with YClient(f"http://127.0.0.1:{home.gateways[0].port}", id_, ada_bearer) as ada:
        await ada.synced()
        await ada.say(op="insert", root="text:story", at=0, text="Canary of the middle")
        await tess.client.next("worksheet_sync")
        await home.ok("POST", "/api/privacy/erase", {"password": PASSWORD}, bearer=ada_bearer)
        assert await ada.closed() in (4401, 4403, 4404, 4409)
        assert (await tess.client.next("worksheet_closed"))["reason"] == "cancelled"
        late = await tess.write("text:plan", "too late")
        assert late["error"]["code"] in ("failed_precondition", "not_found")

    async def unreadable() -> bool:
        answers = [await home.call("GET", f"/api/assignments/{id_}{what}", bearer=two.tess) for what in ("", "/draft")]
        return not any("Diary" in one.text or "Canary" in one.text for one in answers)

    await eventually(unreadable, "it can still be read")


async def test_two_who_hand_in_at_once_and_a_draft_in_flight_have_one_outcome(home: House) -> None:
    two = await pair(home, "end3")
    given = await worksheet(two)
    id_ = given["assignment_id"]
    await home.ok("PUT", f"/api/assignments/{id_}/draft", {"answers": {"mood": 7}}, bearer=two.ada)
    path = f"/api/assignments/{id_}"
    submit, draft = f"{path}/submit", {"answers": {"mood": 8}}
    one, other, saved = await asyncio.gather(
        home.call("POST", submit, {}, bearer=two.ada),
        home.call("POST", submit, {}, bearer=two.ada),
        home.call("PUT", f"{path}/draft", draft, bearer=two.ada),
    )
    assert one.json() == other.json()
    (handed,) = (await two.get(given, what="/submissions"))["submissions"]
    if saved.status_code < 300:
        assert handed["answers"]["mood"] == 8
    else:
        assert saved.json()["details"]["reason"] == "submitted"
        assert handed["answers"]["mood"] == 7
    assert handed == one.json()


async def test_a_reopening_against_a_late_edit_is_one_outcome_told_to_both(home: House) -> None:
    two = await pair(home, "end4")
    given = await worksheet(two)
    id_ = given["assignment_id"]
    ada = Writer(await home.socket(two.ada), 5000, id_)
    tess = Writer(await home.socket(two.tess, gateway=1), 6000, id_)
    await ada.join()
    await tess.join()
    assert (await ada.put("mood", 7))["ok"]
    before = await two.deed(given, "submit", two.ada)
    late, again = await asyncio.gather(ada.put("mood", 9), two.deed(given, "reopen", two.tess))
    assert late["error"]["details"]["reason"] == "submitted"
    assert (again["status"], again["attempt"]) == ("reopened", 2)
    for one in (ada, tess):
        assert (await one.client.next("worksheet_closed", 2))["reason"] == "reopened"
    assert (await two.get(given, what="/submissions"))["submissions"] == [before]
    assert (await two.get(given, what="/draft"))["answers"]["mood"] == 7
