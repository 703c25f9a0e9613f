"""Worksheets in other formats and back, at the doors."""

from typing import Any

import pytest

from tests.identity_rig import House
from tests.integration.worksheets.desk import pair

pytestmark = pytest.mark.asyncio(loop_scope="module")
FORM: dict[str, Any] = {
    "title": "Intake",
    "pages": [
        {
            "name": "one",
            "title": "You",
            "elements": [
                {"type": "text", "name": "age", "inputType": "number", "isRequired": True, "min": 0},
                {"type": "radiogroup", "name": "smokes", "choices": ["yes", {"value": "no", "text": "No"}]},
                {"type": "comment", "name": "how much?", "visibleIf": "{smokes} = 'yes' && {age} > 17"},
                {"type": "signaturepad", "name": "sign"},
                {"type": "matrix", "name": "m", "rows": ["a", "b"], "columns": [1, 2]},
            ],
        }
    ],
    "calculatedValues": [{"name": "twice", "expression": "{age} * 2"}],
}


async def test_a_form_of_surveyjs_is_taken_and_what_cannot_be_kept_is_named(home: House) -> None:
    two = await pair(home, "x1")
    body = {"format": "surveyjs", "document": FORM}
    tried = await home.call("POST", "/api/worksheets/import", body | {"dry_run": True}, bearer=two.tess)
    assert (tried.status_code, "worksheet" in tried.json()) == (200, False)
    made = await home.ok("POST", "/api/worksheets/import", body, bearer=two.tess)
    assert made["report"] == tried.json()["report"]
    paths = [one["path"] for one in made["report"]["dropped"]]
    assert paths == ["pages[0].elements[2].name", "pages[0].elements[3]"]
    fields = {one["id"]: one for one in made["worksheet"]["schema"]["fields"]}
    assert list(fields) == ["age", "smokes", "f_how_much", "m_a", "m_b"]
    assert fields["f_how_much"]["show_if"] == "{smokes} = 'yes' && {age} > 17"
    refused = await home.refused(
        400, "invalid_argument", "POST", "/api/worksheets/import", body | {"strict": True}, bearer=two.tess
    )
    assert len(refused["details"]["dropped"]) == 2
    await home.refused(403, "permission_denied", "POST", "/api/worksheets/import", body, bearer=two.ada)


@pytest.mark.parametrize("form", ["carewire", "fhir", "surveyjs"])
async def test_what_goes_out_comes_back(home: House, form: str) -> None:
    two = await pair(home, f"x2{form}")
    made = await two.made()
    path = f"/api/worksheets/{made['worksheet_id']}/export?format={form}"
    document = await home.ok("GET", path, bearer=two.tess)
    back = await home.ok("POST", "/api/worksheets/import", {"format": form, "document": document}, bearer=two.tess)
    assert back["report"]["dropped"] == []
    fields = [(one["id"], one["type"], one.get("show_if")) for one in back["worksheet"]["schema"]["fields"]]
    assert fields == [(one["id"], one["type"], one.get("show_if")) for one in made["schema"]["fields"]]


async def test_a_submission_goes_out_as_fhir_and_comes_back_at_its_time(home: House) -> None:
    two = await pair(home, "x3")
    given = await two.given()
    await two.deed(given, "submit", two.ada, answers={"mood": 3, "story": "It rained.", "walk": True})
    document = await two.get(given, two.tess, "/submissions/1?format=fhir")
    assert document["resourceType"] == "QuestionnaireResponse"
    document["authored"] = "2024-01-05T10:00:00.000Z"
    body = {"client_id": two.client, "document": document}
    taken = await home.ok("POST", "/api/assignments/import", body, bearer=two.tess)
    assert (taken["status"], taken["source"]) == ("submitted", "import")
    (handed,) = (await two.get(taken, two.tess, "/submissions"))["submissions"]
    assert (handed["submitted_at"], handed["scores"]["total"]["value"]) == ("2024-01-05T10:00:00.000Z", 30)
    for day, instant in (("2024-01-05", "2024-01-05"), ("2024-03", "2024-03-01"), ("2024", "2024-01-01")):
        body = {"client_id": two.client, "document": document | {"authored": day}}
        taken = await home.ok("POST", "/api/assignments/import", body, bearer=two.tess)
        assert taken["submissions"][0]["submitted_at"] == f"{instant}T00:00:00.000Z"
    for change, path in (
        ({"authored": "2024-13"}, "authored"),
        ({"authored": "yesterday"}, "authored"),
        ({"authored": "2100-01-01"}, "authored"),
        ({"status": "finished"}, "status"),
        ({"item": [{"linkId": "nothing"}]}, "item[0].linkId"),
        ({"item": [{"linkId": "mood", "answer": [{"valueString": "3"}]}]}, "item[0].answer[0]"),
        ({"item": [{"linkId": "mood", "answer": [{"valueDecimal": 99}]}]}, "item[0].answer[0]"),
    ):
        wrong = body | {"document": document | change}
        problem = await home.refused(400, "invalid_argument", "POST", "/api/assignments/import", wrong, bearer=two.tess)
        assert problem["details"]["path"] == path


async def test_a_code_that_fhir_has_not_is_refused_with_its_path(home: House) -> None:
    two = await pair(home, "x4")
    item = {"linkId": "a", "type": "string", "text": "A"}
    whole = {"resourceType": "Questionnaire", "status": "active", "title": "Q", "item": [item]}
    for change, path in (
        ({"status": "finished"}, "status"),
        ({"item": [item | {"type": "number"}]}, "item[0].type"),
        (
            {"item": [item, {**item, "linkId": "b", "enableWhen": [{"question": "a", "operator": "is"}]}]},
            "item[1].enableWhen[0].operator",
        ),
    ):
        body = {"format": "fhir", "document": whole | change}
        problem = await home.refused(400, "invalid_argument", "POST", "/api/worksheets/import", body, bearer=two.tess)
        assert problem["details"]["path"].startswith(path.partition("[")[0])
