"""JSON Schemas of Structs, for documents that others than Python read: patterns are ECMA-262 regular expressions."""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec


def schema_of(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """The schema, with everything that it refers to in place. Without defaults: they are the server's business."""
    (schema,), parts = msgspec.json.schema_components([kind], ref_template="{name}")
    resolved: dict[str, Any] = _resolved(schema, parts)
    return resolved


def components_of(kinds: Iterable[type[msgspec.Struct]], ref_template: str) -> dict[str, Any]:
    """The schemas of `kinds` and of all that they refer to, by name. References are made by the template."""
    _, components = msgspec.json.schema_components(tuple(kinds), ref_template=ref_template)
    return {name: _portable(one) for name, one in components.items()}


def members_of(kind: type[msgspec.Struct]) -> dict[str, dict[str, Any]]:
    """The schema of each member, by its name in JSON. What may be null may be left out, so null is not told."""
    return {name: _present(member) for name, member in schema_of(kind).get("properties", {}).items()}


def ecma(pattern: str) -> str:
    r"""The same regular expression as ECMA-262 has it: without `\A` and `\Z`, where `$` lets no final newline pass."""
    return pattern.replace(r"\A", "^").replace(r"\Z", "$")


def _resolved(node: Any, parts: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [_resolved(one, parts) for one in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _resolved(parts[node["$ref"]], parts)
    return _without_defaults(node, lambda value: _resolved(value, parts))


def _portable(node: Any) -> Any:
    if isinstance(node, list):
        return [_portable(one) for one in node]
    if not isinstance(node, dict):
        return node
    return _without_defaults(node, _portable)


def _without_defaults(schema: dict[str, Any], read: Callable[[Any], Any]) -> dict[str, Any]:
    """A schema without the keyword `default`; a member may have that name."""
    return {
        name: {member: read(one) for member, one in value.items()}
        if name == "properties"
        else _member(name, read(value))
        for name, value in schema.items()
        if name != "default"
    }


def _member(name: str, value: Any) -> Any:
    return ecma(value) if name == "pattern" and isinstance(value, str) else value


def _present(schema: dict[str, Any]) -> dict[str, Any]:
    ways = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
    if len(ways) != 1:
        return schema
    present: dict[str, Any] = {name: value for name, value in schema.items() if name != "anyOf"} | ways[0]
    return present
