"""The types of requests and answers in the JSON Schema of AsyncAPI: draft 7, where msgspec writes 2020-12."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from serve_app.edge.schemas import ecma

Schema = dict[str, Any]


def schemas_of(kinds: Sequence[type], *, at: str) -> tuple[list[Schema], dict[str, Schema]]:
    """A schema for each of these types, and the parts that they refer to, by name. `at`: where these will stand, with
    `{name}` in it."""
    schemas, parts = msgspec.json.schema_components(kinds, schema_hook=_anything, ref_template=at)
    return [draft7(one) for one in schemas], {name: draft7(part) for name, part in parts.items()}


def draft7(node: Any) -> Any:
    """The schema with what draft 7 writes otherwise, and with patterns of ECMA-262."""
    if isinstance(node, list):
        return [draft7(one) for one in node]
    if not isinstance(node, Mapping):
        return node
    made: dict[str, Any] = {}
    for name, value in node.items():
        for told, said in _KEYWORDS.get(name, _unchanged)(name, value, node).items():
            made[told] = said if told in _DATA else draft7(said)
    return made


def _unchanged(name: str, value: Any, _: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value}


def _pattern(name: str, value: Any, _: Mapping[str, Any]) -> dict[str, Any]:
    return {name: ecma(value) if isinstance(value, str) else value}  # a member may be called `pattern`


def _tuple(name: str, value: Any, node: Mapping[str, Any]) -> dict[str, Any]:
    del name, node
    return {"items": value, "additionalItems": False}


def _items(name: str, value: Any, node: Mapping[str, Any]) -> dict[str, Any]:
    return {} if "prefixItems" in node else {name: value}


def _discriminator(name: str, value: Any, node: Mapping[str, Any]) -> dict[str, Any]:
    """Draft 7 has none: each way says by a constant which one it is. A member may be called so."""
    return {} if isinstance(value, Mapping) and "propertyName" in value and "anyOf" in node else {name: value}


def _anything(_: type) -> Schema:
    return {"description": "Any JSON value."}


_KEYWORDS: Final[Mapping[str, Callable[[str, Any, Mapping[str, Any]], dict[str, Any]]]] = {
    "pattern": _pattern,
    "prefixItems": _tuple,
    "items": _items,
    "discriminator": _discriminator,
}
_DATA: Final = frozenset({"default", "enum", "const", "examples"})
