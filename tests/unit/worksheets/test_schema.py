"""A schema as it is shown, held to what may be said in it, and what of it a document takes."""

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from actors.worksheets.assignment.shaping import shape_of
from actors.worksheets.document.shape import ANSWERS, takes
from actors.worksheets.instruments import instrument_of
from actors.worksheets.schema.answers import complaint_of
from actors.worksheets.schema.checking import check
from actors.worksheets.schema.fields import Licence, Schema, Section
from actors.worksheets.schema.showing import shown
from actors.worksheets.schema.verbatim import same_words
from common.errors import InvalidArgument

NUMBER = {"id": "a", "type": "integer", "label": "A", "min": 0, "max": 10}


def schema(*fields: dict[str, Any], **members: Any) -> Schema:
    return msgspec.convert({"fields": list(fields or (NUMBER,)), **members}, Schema)


def test_what_is_left_to_its_default_is_shown_where_it_is_always_there() -> None:
    made = schema(scores=[{"id": "total", "title": "T", "sum": {"fields": ["a"]}}])
    (score,) = msgspec.to_builtins(made)["scores"]
    assert score == {"id": "total", "title": "T", "sum": {"fields": ["a"], "missing": "refuse"}, "higher_is": "worse"}
    licence = Licence(holder="H", notice="N", terms="own", source="S")
    assert msgspec.to_builtins(licence)["verbatim"] is False
    assert "required" not in msgspec.to_builtins(made)["fields"][0]


def test_only_names_that_expressions_use_are_of_letters_and_digits() -> None:
    band = {"min": 0, "max": 4, "code": "not-at-all", "label": "L"}
    alert = {"id": "self-harm", "when": "{a} > 0", "urgency": "high", "message": "M"}
    score = {"id": "total", "title": "T", "expression": "{a}", "bands": [band]}
    check(schema(sections=[{"id": "part 1", "fields": ["a"]}], scores=[score], alerts=[alert]))
    with pytest.raises(msgspec.ValidationError):
        schema(NUMBER | {"id": "not-a"})


@pytest.mark.parametrize(
    "expression", ["{a} = " + "1" * 2000, "(" * 40 + "{a}" + ")" * 40, "{b} > 1", "{a} >", "eval({a})"]
)
def test_an_expression_that_is_none_is_refused_with_its_path(expression: str) -> None:
    with pytest.raises(InvalidArgument) as refused:
        check(schema(NUMBER, {"id": "c", "type": "text", "label": "C", "show_if": expression}))
    assert refused.value.details is not None
    assert refused.value.details["path"] == "fields.1.show_if"


@pytest.mark.parametrize(("missing", "nothing", "one"), [("zero", 0, 3), ("refuse", None, None)])
def test_answers_that_are_missing_count_as_their_sum_says(missing: str, nothing: int | None, one: int | None) -> None:
    made = schema(
        NUMBER,
        NUMBER | {"id": "b"},
        scores=[{"id": "s", "title": "T", "sum": {"fields": ["a", "b"], "missing": missing}}],
    )
    found = [shown(made, answers).scores["s"] for answers in ({}, {"a": 3})]
    assert [None if score is None else score.value for score in found] == [nothing, one]


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        (NUMBER, 10, 11),
        (NUMBER | {"type": "number", "max": 1.5}, 1.5, 1.6),
        (NUMBER | {"type": "scale", "step": 2}, 4, 5),
        ({"id": "a", "type": "text", "label": "A", "max_chars": 3}, "abc", "abcd"),
        ({"id": "a", "type": "choice", "label": "A", "options": [{"value": 1, "label": "L"}]}, 1.0, 2),
    ],
)
def test_a_document_takes_what_the_worksheet_knows_and_nothing_else(field: dict[str, Any], good: Any, bad: Any) -> None:
    shape = shape_of(schema(field))
    assert takes(shape.fields["a"], ANSWERS, good, 20_000)
    assert not takes(shape.fields["a"], ANSWERS, bad, 20_000)


def test_a_text_that_a_document_takes_can_be_handed_in() -> None:
    made = schema({"id": "a", "type": "text", "label": "A"})
    assert complaint_of(made, "a", "x" * 20_000) is None
    assert complaint_of(made, "a", "x" * 20_001) is not None


def test_wording_is_all_that_people_read_of_it() -> None:
    phq9 = instrument_of("phq9")
    assert phq9 is not None
    words, first = phq9.schema, phq9.schema.fields[1]
    other = [replace(first, help="Think of the last week."), *words.fields[2:]]
    assert not same_words(words, replace(words, fields=[words.fields[0], *other]))
    assert not same_words(words, replace(words, sections=[Section(id="s", title="How bad?", fields=["q1"])]))
    assert same_words(
        words, replace(words, fields=[words.fields[0], replace(first, sensitive=True), *words.fields[2:]])
    )
