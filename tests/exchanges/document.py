"""What the OpenAPI document promised: a summary of it, kept, so that nothing is lost unseen.

`python -m tests.exchanges.document` takes it anew. Only for a change that clients are meant to see.
"""

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from config.settings import MongoSettings
from store.embedded.server import EmbeddedMongo
from tests.identity_rig import house
from tests.mongo import free_port, url_of

FIXTURE: Final = Path(__file__).parents[1] / "data" / "openapi.txt"
_LATER: Final = frozenset({"ETag"})  # headers that have been added to answers since
_PROBLEM: Final = "application/problem+json"


def summary(document: dict[str, Any]) -> set[str]:
    """Every path, method, parameter, status and member, a line each."""
    return {
        f"{method.upper()} {path} {said}"
        for path, item in document["paths"].items()
        for method, operation in item.items()
        for said in _said(operation, document)
    }


def _said(operation: dict[str, Any], document: dict[str, Any]) -> Iterator[str]:
    for one in operation.get("parameters", ()):
        yield f"{one['in']} {one['name']}{' required' if one.get('required') else ''}"
    for media, content in operation.get("requestBody", {}).get("content", {}).items():
        yield from (f"takes {media} {member}" for member in _members(content.get("schema", {}), document, ()))
    for status, response in operation["responses"].items():
        yield f"answers {status}"
        headers = sorted({*response.get("headers", ())} - _LATER)
        yield f"answers {status} headers {' '.join(headers)}"
        for media, content in response.get("content", {}).items():
            yield f"answers {status} {media}"
            if media == _PROBLEM:  # one type, whoever answers with it
                continue
            for member in _members(content.get("schema", {}), document, ()):
                yield f"answers {status} {media} {member}"


def _members(schema: Any, document: dict[str, Any], within: tuple[str, ...]) -> Iterator[str]:
    """The members of a schema by their way in it, and their parts."""
    if not isinstance(schema, dict):  # `items: false`, behind the `prefixItems` of a tuple
        return
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if len(within) > 6:  # a type that holds itself
        return
    items = [schema["items"]] if "items" in schema else []
    for part in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ()), *items):
        yield from _members(part, document, within)
    required = schema.get("required", ())
    for name, member in schema.get("properties", {}).items():
        yield f"{'.'.join((*within, name))}{' required' if name in required else ''}"
        yield from _members(member, document, (*within, name))


def kept() -> set[str]:
    """The fixture."""
    return set(FIXTURE.read_text().splitlines())


async def _document() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as directory:
        port, data = free_port(), Path(directory)
        async with EmbeddedMongo(MongoSettings(port=port), data), house(url_of(port), "document", data) as home:
            return home.app.openapi()


def main() -> None:
    FIXTURE.write_text("\n".join(sorted(summary(asyncio.run(_document())))) + "\n")


if __name__ == "__main__":
    main()
