"""What goes out as FHIR is FHIR: generated worksheets and answers, judged by npm's fhir and by `fhir.resources`, and
read again."""

import random
from typing import Any, Final

import msgspec
import pytest

from actors.worksheets.assignment.shown import ShownSubmission
from actors.worksheets.schema.checking import check
from actors.worksheets.schema.fields import Schema
from actors.worksheets.schema.showing import shown
from common.errors import InvalidArgument
from serve_app.capabilities.worksheets.exchange import fhir, responses
from serve_app.capabilities.worksheets.exchange.report import Report
from serve_app.capabilities.worksheets.exchange.shapes import by_models
from tests.integration.worksheets.peers import SHEET, TIME, a_sheet, answers_of

ROUND_TRIPS: Final = 300
OPTIONS: Final[list[dict[str, Any]]] = [
    {"value": "a", "label": "Never", "score": 0, "code": {"system": "http://loinc.org", "code": "LA6568-5"}},
    {"value": "b", "label": "Zoë's 😀", "score": 1},
    {"value": "c", "label": "Often", "score": 2.5},
]
VALUES: Final[dict[str, tuple[Any, ...]]] = {
    "text": ("x", "Zoë 😀"),
    "long_text": ("One.\nTwo.", "Ünï"),
    "integer": (0, 7, -3),
    "number": (0.5, 7),
    "boolean": (True, False),
    "date": ("2026-02-28",),
    "time": ("07:30",),
    "choice": ("a", "c"),
    "multi_choice": (["a"], ["a", "c"]),
    "scale": (0, 4),
}


def a_field(dice: random.Random, name: str, before: list[dict[str, Any]]) -> dict[str, Any]:
    """A question that may depend on one before it."""
    kind = dice.choice([*VALUES, "info"])
    field: dict[str, Any] = {"id": name, "type": kind, "label": f"Question {name}?"}
    if kind in ("choice", "multi_choice"):
        field["options"] = OPTIONS
    if kind == "scale":
        field |= {"min": 0, "max": 4}
    if kind in ("text", "long_text") and dice.random() < 0.3:
        field["max_chars"] = 100
    if dice.random() < 0.3:
        field["code"] = {"system": "http://loinc.org", "code": "44250-9"}
    whole = [one["id"] for one in before if one["type"] == "integer"]
    if whole and dice.random() < 0.5:
        field["show_if"] = f"{{{dice.choice(whole)}}} {dice.choice(('=', '<', '>='))} {dice.choice((1, 7))}"
    elif before and kind != "info" and dice.random() < 0.2:
        field["required"] = True
    return field


def a_schema(dice: random.Random) -> Schema:
    """A worksheet of some questions, of which some come in rows, or stand in a section."""
    fields: list[dict[str, Any]] = []
    for number in range(dice.randint(1, 8)):
        fields.append(a_field(dice, f"q{number}", fields))
    if dice.random() < 0.3:
        inside = [a_field(dice, f"r{number}", []) for number in range(2)]
        fields.append({"id": "diary", "type": "group", "label": "Diary", "max_rows": 5, "fields": inside})
    members: dict[str, Any] = {"fields": fields}
    if dice.random() < 0.3:
        members["sections"] = [{"id": "last", "title": "Last", "fields": [fields[-1]["id"]]}]
    schema = msgspec.convert(members, Schema)
    check(schema)
    return schema


def an_answer(dice: random.Random, schema: Schema) -> tuple[dict[str, Any], dict[str, list[str]]]:
    """Answers to what is asked, all of it or most of it, without what is hidden."""
    answers: dict[str, Any] = {}
    rows: dict[str, list[str]] = {}
    for field in schema.fields:
        if field.type == "group":
            rows[field.id] = [f"r{number}" for number in range(1, dice.randint(2, 4))]
            for row in rows[field.id]:
                answers |= {
                    f"{field.id}.{row}.{one.id}": dice.choice(VALUES[one.type])
                    for one in field.fields
                    if one.type != "info"
                }
        elif field.type != "info" and (field.required or dice.random() < 0.8):
            answers[field.id] = dice.choice(VALUES[field.type])
    seen = shown(schema, answers, rows).answers
    return seen, {name: found for name, found in rows.items() if any(key.startswith(f"{name}.") for key in seen)}


def a_submission(answers: dict[str, Any], rows: dict[str, list[str]]) -> ShownSubmission:
    return ShownSubmission(
        submission_id="sbm_1",
        assignment_id="asg_1",
        version=1,
        attempt=1,
        worksheet_version=2,
        answers=answers,
        notes={},
        scores={},
        alerts=[],
        late=False,
        submitted_at=TIME,
        submitted_by="ada",
        rows=rows,
    )


def test_300_generated_round_trips_are_valid_for_both_and_come_back_as_they_went() -> None:
    dice = random.Random(18)
    documents: list[dict[str, Any]] = []
    for _ in range(ROUND_TRIPS):
        schema = a_schema(dice)
        questionnaire = fhir.written(a_sheet(schema))
        report = Report()
        assert fhir.read(questionnaire, report).schema == schema
        assert report.told(1).dropped == []
        answers, rows = an_answer(dice, schema)
        response = responses.written(a_submission(answers, rows), SHEET, schema, "ada")
        assert responses.answers_of(responses.read(response), schema) == (answers, rows)
        documents += (questionnaire, response)
    for document in documents:
        by_models(document)
    judged = answers_of(documents, "fhir.mjs")
    wrong = [one["messages"] for one in judged if not one["valid"]]
    assert wrong == [], "its validator takes 0 for nothing: conditions name other numbers"


@pytest.mark.parametrize(
    ("path", "document"),
    [
        ("status", {"status": "finished"}),
        ("item[0].linkId", {"item": [{"linkId": "nowhere", "answer": [{"valueInteger": 1}]}]}),
        ("item[0].answer[0]", {"item": [{"linkId": "mood", "answer": [{"valueString": "well"}]}]}),
    ],
)
def test_a_wrong_code_an_unknown_question_and_a_wrong_type_are_refused_with_their_path(
    path: str, document: dict[str, Any]
) -> None:
    schema = msgspec.convert({"fields": [{"id": "mood", "type": "integer", "label": "Mood"}]}, Schema)
    response = responses.written(a_submission({"mood": 3}, {}), SHEET, schema, "ada") | document
    with pytest.raises(InvalidArgument) as refused:
        responses.answers_of(responses.read(response), schema)
    assert str((refused.value.details or {}).get("path")).startswith(path)
