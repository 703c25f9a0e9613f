"""Examples made from schemas, for operations that declare none. Pure."""

from collections.abc import Mapping
from typing import Any, Final

_FORMATS: Final = {
    "date-time": "2026-11-20T09:30:00.000Z",
    "date": "2026-11-20",
    "email": "ada@example.org",
    "uri": "https://example.org/",
}
_WORDS: Final = "words of a person"
_DEEPEST: Final = 8


def sample_of(schema: Mapping[str, Any], components: Mapping[str, Any], depth: int = 0) -> Any:
    """A value of this schema: what it says itself as an example, or else the plainest that it allows, with the members
    that must be there."""
    if "$ref" in schema:
        return sample_of(components[str(schema["$ref"]).rpartition("/")[2]], components, depth)
    for said in ("example", "const", "default"):
        if said in schema:
            return schema[said]
    if listed := schema.get("examples") or schema.get("enum"):
        return listed[0]
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            ways = [one for one in schema[several] if one.get("type") != "null"]
            return sample_of(ways[0], components, depth)
    return _plainest(schema, components, depth)


def _plainest(schema: Mapping[str, Any], components: Mapping[str, Any], depth: int) -> Any:
    match schema.get("type"):
        case "object" | None:
            return _object(schema, components, depth)
        case "array":
            few = range(schema.get("minItems", 1 if depth < _DEEPEST and "items" in schema else 0))
            return [sample_of(schema["items"], components, depth + 1) for _ in few]
        case "string":
            return _text(schema)
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return True
    return None


def _object(schema: Mapping[str, Any], components: Mapping[str, Any], depth: int) -> dict[str, Any]:
    members = schema.get("properties", {})
    return {name: sample_of(members[name], components, depth + 1) for name in schema.get("required", ())}


def _text(schema: Mapping[str, Any]) -> str:
    text = _FORMATS.get(schema.get("format", ""), "usr_ada" if "pattern" in schema else _WORDS)
    least = schema.get("minLength", 0)
    return (text + " " + _WORDS * (least // len(_WORDS) + 1) if len(text) < least else text)[: schema.get("maxLength")]
