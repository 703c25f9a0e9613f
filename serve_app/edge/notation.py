"""JSON Schemas as people read them: `{room_id: string, title?: string | null, members?: string[]}`. Pure."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

_ANY: Final = "any"


def shape_of(schema: Mapping[str, Any]) -> str:
    """The type in a line. A reference is the name of what it leads to."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "const" in schema:
        return json.dumps(schema["const"])
    if "enum" in schema:
        return " | ".join(json.dumps(value) for value in schema["enum"])
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in schema:
            return " | ".join(dict.fromkeys(shape_of(one) for one in schema[choice]))
    kind = schema.get("type")
    if isinstance(kind, list):
        return " | ".join(shape_of({**schema, "type": one}) for one in kind)
    match kind:
        case "object":
            return _object(schema)
        case "array":
            return _array(schema)
    return str(kind) if kind else _ANY


def _object(schema: Mapping[str, Any]) -> str:
    required = schema.get("required", ())
    members = [
        f"{name}{'' if name in required else '?'}: {shape_of(member)}"
        for name, member in schema.get("properties", {}).items()
    ]
    more = schema.get("additionalProperties")
    if isinstance(more, Mapping):
        members.append(f"[name]: {shape_of(more)}")
    return "{" + ", ".join(members) + "}" if members or more is False or "properties" in schema else "{...}"


def _array(schema: Mapping[str, Any]) -> str:
    places: Sequence[Any] | Mapping[str, Any] = schema.get("prefixItems") or schema.get("items") or {}
    if isinstance(places, Mapping):
        inner = shape_of(places)
        return f"({inner})[]" if " | " in inner else f"{inner}[]"
    return "[" + ", ".join(shape_of(one) for one in places) + "]"
