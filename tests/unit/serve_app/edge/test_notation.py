"""Schemas as people read them."""

from typing import Any

import pytest

from serve_app.edge.notation import shape_of


@pytest.mark.parametrize(
    ("schema", "shape"),
    [
        ({}, "any"),
        ({"$ref": "#/components/schemas/Room"}, "Room"),
        ({"type": "string", "pattern": "^a$"}, "string"),
        ({"type": ["integer", "null"]}, "integer | null"),
        ({"enum": ["a", 1, None]}, '"a" | 1 | null'),
        ({"const": True}, "true"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}, {"type": "string"}]}, "string | null"),
        ({"type": "array", "items": {"type": "string"}}, "string[]"),
        ({"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "null"}]}}, "(string | null)[]"),
        ({"type": "array", "items": [{"type": "string"}, {"type": "integer"}]}, "[string, integer]"),
        ({"type": "array", "prefixItems": [{"type": "string"}], "items": False}, "[string]"),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, "{[name]: integer}"),
        ({"type": "object"}, "{...}"),
        ({"type": "object", "properties": {}}, "{}"),
        (
            {"type": "object", "properties": {"a": {"type": "string"}, "b": {}}, "required": ["a"]},
            "{a: string, b?: any}",
        ),
    ],
)
def test_a_schema_is_a_type_in_a_line(schema: dict[str, Any], shape: str) -> None:
    assert shape_of(schema) == shape
