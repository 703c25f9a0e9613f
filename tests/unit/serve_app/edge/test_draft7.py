"""Types as JSON Schema for tools outside of Python."""

import re
from typing import Annotated

import msgspec
import pytest
from msgspec import Meta

from common.decoding import Id, Text
from common.lines import LINE_PATTERN
from serve_app.edge.draft7 import draft7, schemas_of
from serve_app.edge.schemas import ecma


class Opening(msgspec.Struct, forbid_unknown_fields=True):
    """When it is open."""

    hours: list[tuple[str, str]]
    pattern: Annotated[str, Meta(pattern=r"\Aa+\Z", examples=[r"a\Z"])] = r"\Z"
    more: dict[Id, object] = {}


def test_patterns_are_those_of_browsers_and_data_stays_as_it_is() -> None:
    (reference,), parts = schemas_of([Opening], at="#/parts/{name}")
    assert reference == {"$ref": "#/parts/Opening"}
    members = parts["Opening"]["properties"]
    assert members["pattern"] == {"type": "string", "pattern": "^a+$", "examples": [r"a\Z"], "default": r"\Z"}
    assert members["more"]["propertyNames"]["pattern"].endswith("$")
    assert parts["Opening"]["additionalProperties"] is False


def test_a_tuple_is_written_as_draft_7_does() -> None:
    _, parts = schemas_of([Opening], at="{name}")
    pair = parts["Opening"]["properties"]["hours"]["items"]
    assert pair["items"] == [{"type": "string"}, {"type": "string"}]
    assert (pair["additionalItems"], pair["minItems"], pair["maxItems"]) == (False, 2, 2)
    assert "prefixItems" not in pair


def test_a_member_that_is_called_like_a_keyword_stays_a_member() -> None:
    told = draft7({"properties": {"pattern": {"type": "string"}, "items": {"type": "array", "items": {}}}})
    assert told["properties"] == {"pattern": {"type": "string"}, "items": {"type": "array", "items": {}}}


@pytest.mark.parametrize("pattern", [r"\A[^\0]*\Z", LINE_PATTERN, r"^[a-z]+\Z"])
def test_a_translated_pattern_means_the_same(pattern: str) -> None:
    told = ecma(pattern)
    assert r"\Z" not in told
    assert r"\A" not in told
    for text in ("abc", "", "a b", "\0", "ü", "\x85"):
        assert bool(re.search(pattern, text)) is bool(re.search(told, text)), text


def test_a_type_without_a_schema_may_be_anything() -> None:
    (schema,), _ = schemas_of([Text], at="{name}")
    assert schema["type"] == "string"
    _, parts = schemas_of([Opening], at="{name}")
    assert parts["Opening"]["properties"]["more"]["additionalProperties"] == {"description": "Any JSON value."}
