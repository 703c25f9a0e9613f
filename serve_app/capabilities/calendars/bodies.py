"""Bodies of requests: read by msgspec, and documented from the same types."""

import sys
from typing import Annotated, Any, Final, TypeVar

import msgspec
from fastapi import Query, Request
from msgspec import Raw

from actors.kernel.contract.entity import Principal
from common.decoding import decode
from common.errors import InvalidArgument

_INSTANT: Final[dict[str, Any]] = {"format": "date-time", "examples": ["2026-11-20T09:30:00.000Z"]}
Since = Annotated[str, Query(alias="from", json_schema_extra=_INSTANT)]
Until = Annotated[str, Query(alias="to", json_schema_extra=_INSTANT)]
MaybeSince = Annotated[str | None, Query(alias="from", json_schema_extra=_INSTANT)]
MaybeUntil = Annotated[str | None, Query(alias="to", json_schema_extra=_INSTANT)]
T = TypeVar("T", bound=msgspec.Struct)


async def body_of(request: Request, kind: type[T]) -> T:
    """The body as `kind`; nothing at all is `{}`. How large it may be is said in one place, `http.max_body_bytes`.

    Raises:
        InvalidArgument: it is not what `kind` says; `details.field` names the member.
    """
    raw = await request.body()
    return decode([Raw(raw)] if raw else [], kind, sys.maxsize)


def documented(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """`openapi_extra` of a route with such a body."""
    return {"requestBody": {"content": {"application/json": {"schema": schema_of(kind)}}}}


def schema_of(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """The JSON schema, with everything that it refers to in place."""
    (schema,), parts = msgspec.json.schema_components([kind], ref_template="{name}")
    resolved: dict[str, Any] = _resolved(schema, parts)
    return resolved


def _resolved(node: Any, parts: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [_resolved(one, parts) for one in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _resolved(parts[node["$ref"]], parts)
    return {name: _resolved(value, parts) for name, value in node.items() if name != "default"}


def operation_of(request: Request, by: Principal) -> str:
    """What names the user's action, so that a repeat is recognised: the Idempotency-Key; "" without one.

    Raises:
        InvalidArgument: it is too long.
    """
    key = request.headers.get("idempotency-key", "")
    if len(key) > 128:
        raise InvalidArgument("Idempotency-Key has at most 128 characters.", details={"field": "Idempotency-Key"})
    return f"{request.url.path}\n{by.user}\n{key}" if key else ""
