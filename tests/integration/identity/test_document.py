"""The OpenAPI document: each operation has a name of its own, an example of what it takes and gives, its errors."""

import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from tests.declared import operations
from tests.identity_rig import House

pytestmark = pytest.mark.asyncio(loop_scope="module")


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield method, path, operation


async def test_every_operation_is_named_once_and_those_of_both_doors_as_their_event(home: House) -> None:
    document = home.app.openapi()
    named = {(method, path): one["operationId"] for method, path, one in _operations(document)}
    assert len(set(named.values())) == len(named)
    assert [name for name in named.values() if not re.fullmatch(r"[a-z]+(_[a-z]+)*", name)] == []
    both = {(one.rest.method.lower(), one.rest.path): one.name for one in operations() if one.rest is not None}
    there = {where: event for where, event in both.items() if where in named}  # some are off by default
    assert len(there) > 35
    assert {where: named[where] for where in there} == there


async def test_every_example_is_of_its_schema(home: House) -> None:
    document = home.app.openapi()
    found = 0
    for _, _, operation in _operations(document):
        answers = [one for status, one in operation["responses"].items() if status.startswith("2")]
        for part in (operation.get("requestBody", {}), *answers):
            for media_type, content in part.get("content", {}).items():
                if media_type == "application/json" and content["schema"]:
                    schema = content["schema"] | {"components": document["components"]}
                    jsonschema.validate(content["example"], schema)
                    found += 1
        for one in operation.get("parameters", ()):
            if "example" in one:
                jsonschema.validate(one["example"], one["schema"])
    assert found > 90


async def test_every_operation_of_the_api_tells_its_errors(home: House) -> None:
    document = home.app.openapi()
    for method, path, operation in _operations(document):
        if path.startswith("/api/"):
            errors = {status for status in operation["responses"] if status >= "4"}
            assert errors >= {"400", "429", "500", "503"}, (method, path)
            for status in errors:
                assert operation["responses"][status]["content"]["application/problem+json"]["examples"]


async def test_patterns_are_regular_expressions_that_browsers_know(home: House) -> None:
    def patterns(node: Any) -> Iterator[str]:
        if isinstance(node, dict):
            if isinstance(node.get("pattern"), str):
                yield node["pattern"]
            for value in node.values():
                yield from patterns(value)
        elif isinstance(node, list):
            for value in node:
                yield from patterns(value)

    found = set(patterns(home.app.openapi()))
    assert len(found) > 5
    assert [one for one in found if r"\A" in one or r"\Z" in one] == []
