"""What comes in from other formats: what cannot be kept is named, never dropped in silence; what is no document is
refused with its place."""

from typing import Any

import pytest

from common.errors import InvalidArgument
from serve_app.capabilities.worksheets.exchange import codes, elements, fhir
from serve_app.capabilities.worksheets.exchange.report import Report

TEXT: dict[str, Any] = {"type": "text", "name": "a"}
ITEM: dict[str, Any] = {"linkId": "a", "type": "string", "text": "A"}
QUESTIONNAIRE: dict[str, Any] = {"resourceType": "Questionnaire", "status": "active", "title": "Q", "item": [ITEM]}


def form(*inside: dict[str, Any], **more: Any) -> tuple[Any, list[str]]:
    report = Report()
    schema = elements.read({"title": "Form", "elements": list(inside)} | more, report).schema
    return schema, [one.path for one in report.dropped]


def questionnaire(**members: Any) -> tuple[Any, list[str]]:
    report = Report()
    schema = fhir.read(QUESTIONNAIRE | members, report).schema
    return schema, [one.path for one in report.dropped]


@pytest.mark.parametrize(
    ("element", "path"),
    [
        (TEXT | {"title": {"default": "Age", "de": "Alter"}}, "elements[0].title"),
        (TEXT | {"inputType": "date", "min": "2026-01-01"}, "elements[0].min"),
        (TEXT | {"inputType": "number", "max": "many"}, "elements[0].max"),
        (TEXT | {"maxLength": 30_000}, "elements[0].maxLength"),
        (TEXT | {"type": "comment", "rows": 9}, "elements[0].rows"),
        (
            TEXT | {"type": "radiogroup", "choices": [{"value": 1, "visibleIf": "{b}"}]},
            "elements[0].choices[0].visibleIf",
        ),
        (TEXT | {"type": "panel", "elements": [TEXT], "isRequired": True}, "elements[0].isRequired"),
        (TEXT | {"type": "panel", "elements": [TEXT], "description": "All"}, "elements[0].description"),
        (
            TEXT | {"validators": [{"type": "text", "maxLength": 9, "minLength": 2}]},
            "elements[0].validators[0].minLength",
        ),
    ],
)
def test_what_a_form_loses_is_named(element: dict[str, Any], path: str) -> None:
    assert form(element)[1] == [path]


def test_what_a_form_says_of_itself_is_named_too() -> None:
    assert form(TEXT, locale="de", clearInvisibleValues="none")[1] == ["locale", "clearInvisibleValues"]
    assert form(TEXT, clearInvisibleValues="onHidden", calculatedValues=[{"name": "x"}])[1] == ["calculatedValues[0]"]


def test_rows_of_a_matrix_say_what_is_asked_of_all() -> None:
    matrix = {"type": "matrix", "name": "m", "title": "How often?", "rows": ["a"], "columns": [1, 2]}
    schema, dropped = form(matrix)
    assert ([one.label for one in schema.fields], dropped) == (["How often?: a"], [])


def test_what_stands_within_what_is_hidden_is_hidden() -> None:
    inner = {"type": "panel", "name": "inner", "visibleIf": "{a} > 1", "elements": [TEXT | {"name": "b"}]}
    outer = {"type": "panel", "name": "outer", "visibleIf": "{a} > 0", "elements": [inner, TEXT | {"name": "c"}]}
    schema, dropped = form(TEXT, outer)
    assert dropped == []
    assert {one.id: one.show_if for one in schema.sections} == {"inner": "({a} > 0) and ({a} > 1)", "outer": "{a} > 0"}
    when = [{"question": "a", "operator": "=", "answerString": "x"}]
    within = {"linkId": "in", "type": "group", "item": [ITEM | {"linkId": "b"}]}
    schema, dropped = questionnaire(
        item=[ITEM, {"linkId": "out", "type": "group", "enableWhen": when, "item": [within]}]
    )
    assert {one.id: one.show_if for one in schema.sections} == {"in": "{a} = 'x'", "out": "{a} = 'x'"}
    assert dropped == ["item[1]"]


@pytest.mark.parametrize(
    ("item", "path"),
    [
        (ITEM | {"prefix": "1."}, "item[0].prefix"),
        (ITEM | {"repeats": True}, "item[0].repeats"),
        (ITEM | {"extension": [{"url": "urn:x", "valueString": "y"}]}, "item[0].extension[0]"),
        (ITEM | {"extension": [{"url": codes.MIN, "valueDate": "2026-01-01"}]}, "item[0].extension[0]"),
        (ITEM | {"code": [{"code": "1"}, {"code": "2"}]}, "item[0].code[1]"),
        (
            ITEM | {"type": "choice", "answerOption": [{"valueString": "x", "initialSelected": True}]},
            "item[0].answerOption[0].initialSelected",
        ),
        ({"linkId": "s", "type": "group", "item": [ITEM], "prefix": "I"}, "item[0].prefix"),
    ],
)
def test_what_a_questionnaire_loses_is_named(item: dict[str, Any], path: str) -> None:
    assert questionnaire(item=[item])[1] == [path]


def test_what_a_questionnaire_says_of_itself_is_named_too() -> None:
    found = questionnaire(publisher="P", name="q", code=[{"code": "1"}], extension=[{"url": "urn:x", "valueCode": "y"}])
    assert found[1] == ["code", "publisher", "extension[0]", "name"]
    assert questionnaire(url="urn:x", version="2", date="2026-01-01", subjectType=["Patient"])[1] == []


def test_scores_of_options_are_kept_wherever_they_stand() -> None:
    score = [{"url": codes.ORDINAL, "valueDecimal": 2}]
    coding = {"system": "http://loinc.org", "code": "LA6570-1", "display": "Often"}
    for option in ({"extension": score, "valueCoding": coding}, {"valueCoding": coding | {"extension": score}}):
        schema, dropped = questionnaire(item=[ITEM | {"type": "choice", "answerOption": [option]}])
        assert (schema.fields[0].options[0].score, dropped) == (2, [])


@pytest.mark.parametrize(
    ("members", "path"),
    [
        ({"extension": [{"url": codes.WHOLE, "valueString": "{"}]}, "extension"),
        ({"extension": [{"url": codes.WHOLE, "valueString": "[]"}]}, "extension"),
        ({"extension": [{"url": codes.WHOLE, "valueString": '{"sections": [1]}'}]}, "extension"),
        ({"item": [ITEM | {"extension": [{"url": codes.OURS, "valueInteger": 1}]}]}, "item[0].extension"),
        ({"item": [ITEM | {"maxLength": 0}]}, "item[0]"),
    ],
)
def test_what_is_not_as_it_was_written_is_refused_with_its_place(members: dict[str, Any], path: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        questionnaire(**members)
    assert refused.value.details is not None
    assert refused.value.details["path"] == path


def test_what_is_nested_without_end_is_refused() -> None:
    panel, group = TEXT, ITEM
    for deep in range(200):
        panel = {"type": "panel", "name": f"p{deep}", "elements": [panel]}
        group = {"linkId": f"g{deep}", "type": "group", "item": [group]}
    with pytest.raises(InvalidArgument):
        form(panel)
    with pytest.raises(InvalidArgument):
        questionnaire(item=[group])
