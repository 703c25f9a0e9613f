"""A report from end to end: evidence outlives what it is of, two people close it, and who reported it hears of it."""

import pytest

from tests.gateway_rig import token
from tests.identity_rig import House
from tests.integration.moderation.rig import MIA, MO, a_room, case_of, deed, opened
from tests.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_what_was_said_is_kept_whatever_becomes_of_it(home: House) -> None:
    await a_room(home, "r1", "ann", "bob")
    ann, bob = await home.socket(token("ann")), await home.socket(token("bob"), gateway=1)
    await ann.ok("message", {"room_id": "r1", "body": "before"})
    said = await bob.ok("message", {"room_id": "r1", "body": "you will regret this"})
    await bob.ok("edit_message", {"room_id": "r1", "message_id": said["id"], "body": "just joking"})
    await ann.ok("message", {"room_id": "r1", "body": "after"})
    asked = {"room_id": "r1", "message_id": said["id"], "reason": "threat", "note": "He means it.", "context": 1}
    report = (await ann.ok("report_message", asked))["report"]
    again = await home.ok(
        "POST", f"/api/rooms/r1/messages/{said['id']}/report", {"reason": "threat"}, bearer=token("ann")
    )
    assert again["report"]["report_id"] == report["report_id"]
    assert report["state"] == "received"
    await bob.ok("delete_message", {"room_id": "r1", "message_id": said["id"]})

    listed = await case_of(home, "report")
    assert (listed["severity"], listed["reporter"], listed["subject_id"]) == ("high", "hidden", "bob")
    assert "evidence" not in listed
    case = await opened(home, listed["case_id"])
    evidence = case["evidence"][0]
    assert evidence["message"]["body"] == "just joking"
    assert [one["body"] for one in evidence["versions"]] == ["you will regret this"]
    assert [one["body"] for one in evidence["context"]] == ["before", "after"]
    assert evidence["note"] == "He means it."
    assert "ann" not in str([{**one, "context": []} for one in case["evidence"]])
    assert "case.opened" in await home.actions("bob")

    told = await ann.next("report_updated", 1)
    assert told["report"]["state"] == "in_review"
    await deed(home, case["case_id"], "assign")
    closing = await deed(home, case["case_id"], "close", outcome="action_taken", text="He was warned.")
    assert closing["state"] == "closing"
    refused = await home.refused(
        412, "failed_precondition", "POST", f"/api/moderation/cases/{case['case_id']}/confirm", {}, bearer=MO
    )
    assert refused["details"]["reason"] == "same_person"
    closed = await deed(home, case["case_id"], "confirm", MIA)
    assert (closed["state"], closed["outcome"]) == ("closed", "action_taken")

    async def heard() -> bool:
        mine = await home.ok("GET", f"/api/reports/{report['report_id']}", bearer=token("ann"))
        return bool(mine["report"].get("outcome") == "action_taken")

    await eventually(heard, "whoever reported it never heard of it")
    await home.refused(404, "not_found", "GET", f"/api/reports/{report['report_id']}", bearer=token("bob"))


async def test_who_reports_back_raises_the_case_again(home: House) -> None:
    report = {"user_id": "ben", "reason": "harassment"}
    await home.ok("POST", "/api/reports", report, bearer=token("amy"))
    case = await case_of(home, "report")
    await deed(home, case["case_id"], "close", outcome="no_action", text="Nothing to see.")
    await home.ok("POST", "/api/reports", {"user_id": "amy", "reason": "other"}, bearer=token("ben"))
    raised = await opened(home, case["case_id"])
    assert raised["state"] == "open"
    assert ("reported_back", "possible_retaliation") in [
        (line["what"], line.get("details")) for line in raised["chain"]
    ]


async def test_a_moderator_sees_no_case_about_themselves_and_nobody_reports_their_own(home: House) -> None:
    await home.ok("POST", "/api/reports", {"user_id": "mo", "reason": "other"}, bearer=token("amy"))
    listed = await home.ok("GET", "/api/moderation/cases", bearer=MO)
    assert all(one["subject_id"] != "mo" for one in listed["cases"])
    case = await case_of(home, "report", MIA)
    path = f"/api/moderation/cases/{case['case_id']}"
    await home.refused(404, "not_found", "GET", f"{path}?why=I%20want%20to%20see%20it", bearer=MO)
    await home.refused(404, "not_found", "POST", f"{path}/assign", {}, bearer=MO)
    await home.refused(400, "invalid_argument", "GET", f"{path}?why=too%20short", bearer=MIA)
    await home.refused(
        400, "invalid_argument", "POST", "/api/reports", {"user_id": "amy", "reason": "other"}, bearer=token("amy")
    )
    await home.refused(403, "permission_denied", "GET", "/api/moderation/cases", bearer=token("amy"))
