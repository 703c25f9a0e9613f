"""A worksheet from end to end: made, given, filled in, handed in, talked about, given again."""

from typing import Any

import pytest

from tests.identity_rig import House
from tests.integration.worksheets.desk import DIARY, heard, pair
from tests.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_published_version_never_changes_and_an_assignment_keeps_what_it_was_given(home: House) -> None:
    two = await pair(home, "1")
    made = await two.made()
    assert (made["version"], made["state"], made["owner_id"]) == (1, "published", two.therapist)
    path = f"/api/worksheets/{made['worksheet_id']}"
    changed = await home.ok("PUT", path, {"title": "Other"}, bearer=two.tess)
    assert (changed["version"], changed["state"], changed["title"]) == (2, "draft", "Other")
    assert (await home.ok("GET", f"{path}?version=1", bearer=two.tess))["title"] == "Diary"
    given = await two.given(made["worksheet_id"])
    assert (given["worksheet_version"], given["title"], given["status"]) == (1, "Diary", "assigned")
    seen = await home.ok("GET", path, bearer=two.ada)
    assert (seen["version"], seen["title"]) == (1, "Diary")
    await home.refused(404, "not_found", "GET", f"{path}?version=2", bearer=two.ada)
    listed = await home.ok("GET", "/api/worksheets", bearer=two.ada)
    assert made["worksheet_id"] in [one["worksheet_id"] for one in listed["worksheets"]]


async def test_what_is_published_is_listed_also_while_a_newer_version_is_drafted(home: House) -> None:
    two = await pair(home, "1b")
    made = await two.made()
    await home.ok("PUT", f"/api/worksheets/{made['worksheet_id']}", {"title": "Other"}, bearer=two.tess)
    for state, version, title in (("published", 1, "Diary"), ("draft", 2, "Other")):
        listed = (await home.ok("GET", f"/api/worksheets?state={state}", bearer=two.tess))["worksheets"]
        found = [one for one in listed if one["worksheet_id"] == made["worksheet_id"]]
        assert [(one["version"], one["title"], one["state"]) for one in found] == [(version, title, state)]


async def test_lists_and_events_say_which_number_the_document_has(home: House) -> None:
    two = await pair(home, "1c")
    tess = await home.socket(two.tess)
    given = await two.given()
    path = f"/api/assignments/{given['assignment_id']}"
    for mood in (3, 4):
        saved = await home.ok("PUT", f"{path}/draft", {"answers": {"mood": mood}}, bearer=two.ada)
        for bearer in (two.ada, two.tess):
            (listed,) = (await home.ok("GET", "/api/assignments", bearer=bearer))["assignments"]
            assert listed["seq"] == saved["seq"] == (await two.get(given, bearer))["seq"]
    await two.deed(given, "submit", two.ada, answers={"mood": 4, "story": "It rained."})
    told = await heard(tess, "assignment_updated")
    assert told["assignment"]["seq"] == (await two.get(given))["seq"] > saved["seq"]


async def test_work_is_given_in_care_only_and_strangers_find_nothing(home: House) -> None:
    two = await pair(home, "2")
    made = await two.made()
    body = {"worksheet_id": made["worksheet_id"], "client_id": "nobody-2"}
    refused = await home.refused(412, "failed_precondition", "POST", "/api/assignments", body, bearer=two.tess)
    assert refused["details"]["reason"] == "no_care"
    given = await two.given(made["worksheet_id"])
    path = f"/api/assignments/{given['assignment_id']}"
    other = await pair(home, "2b")
    for bearer in (other.ada, other.tess):
        await home.refused(404, "not_found", "GET", path, bearer=bearer)
        await home.refused(404, "not_found", "GET", f"{path}/submissions", bearer=bearer)
        await home.refused(404, "not_found", "GET", f"/api/worksheets/{made['worksheet_id']}", bearer=bearer)


async def test_it_is_handed_in_scored_told_and_never_changes(home: House) -> None:
    two = await pair(home, "3")
    tess, ada = await home.socket(two.tess), await home.socket(two.ada, gateway=1)
    given = await two.given()
    assert (await heard(ada, "assignment_created"))["assignment"]["title"] == "Diary"
    refused = await home.refused(
        412, "failed_precondition", "POST", f"/api/assignments/{given['assignment_id']}/submit", {}, bearer=two.ada
    )
    assert refused["details"]["missing"] == ["mood"]
    answers = {"mood": 1, "story": "It rained. 🌧", "walk": True}
    handed = await two.deed(given, "submit", two.ada, answers=answers)
    assert handed["answers"] == answers
    assert handed["scores"] == {"total": {"value": 10}}
    assert handed["alerts"] == ["low"]
    assert await two.deed(given, "submit", two.ada, answers=answers) == handed
    alert = await heard(tess, "answer_alert")
    assert (alert["alert"], alert["urgency"], alert["client_id"]) == ("low", "high", two.client)
    assert (await heard(tess, "submission_created"))["version"] == 1
    assert await two.get(given, two.tess, "/submissions/1") == handed
    assert (await two.get(given))["status"] == "submitted"


async def test_what_is_hidden_has_no_value(home: House) -> None:
    two = await pair(home, "4")
    given = await two.given()
    handed = await two.deed(given, "submit", two.ada, answers={"mood": 7, "story": "hidden"})
    assert handed["answers"] == {"mood": 7}


async def test_a_reopened_attempt_begins_with_what_was_handed_in(home: House) -> None:
    two = await pair(home, "5")
    given = await two.given()
    first = await two.deed(given, "submit", two.ada, answers={"mood": 3, "story": "One"})
    again = await two.deed(given, "reopen", two.tess, reason="More, please.")
    assert (again["status"], again["attempt"]) == ("reopened", 2)
    second = await two.deed(given, "submit", two.ada, answers={"mood": 6})
    assert (second["version"], second["answers"]) == (2, {"mood": 6})
    assert await two.get(given, two.ada, "/submissions/1") == first
    reviewed = await two.deed(given, "review", two.tess)
    assert reviewed["status"] == "reviewed"
    problem = await home.refused(
        412, "failed_precondition", "POST", f"/api/assignments/{given['assignment_id']}/cancel", {}, bearer=two.tess
    )
    assert problem["details"]["allowed"] == ["reopened"]


async def test_feedback_points_at_words_and_private_notes_are_no_one_elses(home: House) -> None:
    two = await pair(home, "6")
    ada = await home.socket(two.ada)
    given = await two.given()
    await two.deed(given, "submit", two.ada, answers={"mood": 3, "story": "🌧 It rained."})
    note = {"version": 1, "body": "Why?", "field": "story", "range": {"start": 2, "end": 4}}
    made = await two.deed(given, "feedback", two.tess, **note)
    assert made["quote"] == "It"
    private = await two.deed(given, "feedback", two.tess, version=1, body="Mine", private=True)
    assert (await heard(ada, "feedback_given"))["feedback"]["body"] == "Why?"
    path = f"/api/assignments/{given['assignment_id']}/feedback"
    assert [one["body"] for one in (await home.ok("GET", path, bearer=two.tess))["feedback"]] == ["Why?", "Mine"]
    assert [one["body"] for one in (await home.ok("GET", path, bearer=two.ada))["feedback"]] == ["Why?"]
    assert (await two.get(given))["feedback_count"] == 1
    edited = await home.ok("PATCH", f"{path}/{made['feedback_id']}", {"body": "How?"}, bearer=two.tess)
    assert (edited["body"], edited["quote"]) == ("How?", "It")
    await home.ok("DELETE", f"{path}/{private['feedback_id']}", bearer=two.tess)
    await home.refused(403, "permission_denied", "POST", path, {"version": 1, "body": "x"}, bearer=two.ada)
    problem = await home.refused(
        400, "invalid_argument", "POST", path, note | {"range": {"start": 0, "end": 99}}, bearer=two.tess
    )
    assert problem["details"]["field"] == "range"


async def test_questions_are_asked_answered_and_resolved(home: House) -> None:
    two = await pair(home, "7")
    tess, ada = await home.socket(two.tess), await home.socket(two.ada, gateway=1)
    given = await two.given()
    asked = await two.deed(given, "clarifications", two.ada, question="The whole day?", field="mood")
    told = await heard(tess, "clarification_requested")
    assert told["clarification"]["posts"][0]["body"] == "The whole day?"
    assert (await two.get(given))["open_clarifications"] == 1
    path = f"clarifications/{asked['clarification_id']}"
    answered = await two.deed(given, f"{path}/answer", two.tess, body="Yes.")
    assert [one["body"] for one in answered["posts"]] == ["The whole day?", "Yes."]
    assert (await heard(ada, "clarification_answered"))["clarification"]["state"] == "answered"
    resolved = await two.deed(given, f"{path}/resolve", two.ada)
    assert resolved["state"] == "resolved"
    assert (await two.get(given))["open_clarifications"] == 0


async def test_instruments_are_used_word_by_word(home: House) -> None:
    two = await pair(home, "8")
    found = (await home.ok("GET", "/api/worksheets/instruments", bearer=two.tess))["instruments"]
    assert [one["instrument"] for one in found] == ["phq9", "gad7", "phq2", "gad2"]
    path = f"/api/worksheets/{found[0]['worksheet_id']}"
    phq9 = await home.ok("GET", path, bearer=two.ada)
    items = {f"q{n}": 2 for n in range(1, 10)}
    tried = await home.ok("POST", f"{path}/evaluate", {"answers": items}, bearer=two.tess)
    assert (tried["scores"]["total"], tried["alerts"]) == ({"value": 18, "band": "moderately_severe"}, ["self_harm"])
    other = {"schema": {**phq9["schema"], "fields": phq9["schema"]["fields"][1:]}}
    problem = await home.refused(412, "failed_precondition", "PUT", path, other, bearer=two.tess)
    assert problem["details"]["reason"] == "verbatim"
    origin = {"worksheet_id": phq9["worksheet_id"], "version": 1}
    made = await home.ok("PUT", path, other | {"derived_from": origin}, bearer=two.tess)
    assert (made["derived_from"], made["owner_id"], made.get("instrument")) == (origin, two.therapist, None)


async def test_scores_become_a_trend(home: House) -> None:
    two = await pair(home, "9")
    instruments = (await home.ok("GET", "/api/worksheets/instruments", bearer=two.tess))["instruments"]
    for each in (2, 1, 1):
        given = await two.given(instruments[0]["worksheet_id"])
        await two.deed(given, "submit", two.ada, answers={f"q{n}": each for n in range(1, 10)})
    path = f"/api/clients/{two.client}/scores"
    (series,) = (await home.ok("GET", path, bearer=two.tess))["series"]
    assert (series["instrument"], series["score"], series["comparable"]) == ("phq9", "total", True)
    told = [(one["value"], one["delta_first"], one["reliable"], one["crossed_cutoff"]) for one in series["points"]]
    assert told == [(18, None, None, False), (9, -9, "improved", True), (9, -9, "improved", False)]
    assert (await home.ok("GET", path, bearer=two.ada))["series"] == [series]
    stranger = await pair(home, "9b")
    await home.refused(404, "not_found", "GET", path, bearer=stranger.tess)


async def test_care_that_ends_cancels_what_is_open(home: House) -> None:
    two = await pair(home, "10")
    given = await two.given()
    (care,) = (await home.ok("GET", "/api/care", bearer=two.tess))["items"]
    await home.ok("POST", f"/api/care/{care['care_id']}/end", bearer=two.tess)

    async def cancelled() -> bool:
        return bool((await two.get(given))["status"] == "cancelled")

    await eventually(cancelled, "it is not cancelled")


@pytest.mark.parametrize(
    ("schema", "path"),
    [
        ({"fields": [{"id": "a", "type": "text", "label": "A", "show_if": "{a} = 1"}]}, "fields.0.show_if"),
        ({"fields": [{"id": "a", "type": "text", "label": "A", "show_if": "{b} = 1"}]}, "fields.0.show_if"),
        ({"fields": [{"id": "a", "type": "choice", "label": "A"}]}, "fields.0.options"),
        ({**DIARY, "scores": [{**DIARY["scores"][0], "source": ""}]}, "scores.0.source"),
        ({**DIARY, "alerts": [{**DIARY["alerts"][0], "when": "{mood} <"}]}, "alerts.0.when"),
    ],
)
async def test_a_schema_that_is_none_is_refused_with_its_path(home: House, schema: Any, path: str) -> None:
    two = await pair(home, f"11-{abs(hash(str(schema)))}")
    body = {"title": "x", "schema": schema}
    problem = await home.refused(400, "invalid_argument", "POST", "/api/worksheets", body, bearer=two.tess)
    assert problem["details"]["path"] == path
