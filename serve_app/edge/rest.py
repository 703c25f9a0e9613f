"""The REST door: operations as routes, each with its permit, its record of reads, its entity tag and its documents."""

from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.routing import APIRoute, RouteContext
from starlette.responses import JSONResponse, Response
from typing_extensions import override

from actors.kernel.contract.entity import Principal
from common.addresses import network_of
from common.errors import Conflict, InvalidArgument
from common.persons import NothingToTell
from serve_app.edge import etags
from serve_app.edge.api.problems import problem
from serve_app.edge.conventions.callers import sender_of
from serve_app.edge.conventions.permits import admitted, admitted_or_nobody, permit, public
from serve_app.edge.conventions.readings import reading_of, tells
from serve_app.edge.conventions.streams import Streamed, is_ndjson
from serve_app.edge.decoding import RequestReader
from serve_app.edge.operation import Caller, Operation, Rest, Result, encoded, result_of, version_meant, version_of
from serve_app.edge.rest_documents import document_of

Door = Callable[[Request], Coroutine[Any, Any, Response]]
_LONGEST_KEY: Final = 128
_OF_ALL: Final = (400, 401, 403, 404, 503)
_OPERATION: Final = "carewire_operation"


def router_of(operations: Iterable[Operation[Any]]) -> APIRouter:
    """The routes of those that have a REST door, in their order: the first that fits an address takes it.

    Raises:
        LookupError: an operation names a member in its path that its request does not have.
        ValueError: an operation stands under no action of the policy.
    """
    router = APIRouter()
    for operation in operations:
        if operation.rest is not None:
            _add(router, operation, operation.rest)
    return router


def operation_of(route: RouteContext) -> Operation[Any] | None:
    """The operation that a route was made of."""
    original: Any = route.original_route
    found: Operation[Any] | None = getattr(original.endpoint, _OPERATION, None)
    return found


def _add(router: APIRouter, operation: Operation[Any], rest: Rest) -> None:
    told = rest.shown.response if rest.shown is not None and rest.shown.response is not None else operation.response
    errors = {error.status for error in operation.refuses}
    for path in (rest.path, *rest.aliases):
        here = replace(rest, path=path)
        reader = RequestReader(operation, here)
        door = door_of(operation, here, reader)
        vars(door)[_OPERATION] = operation
        router.add_api_route(
            path,
            tells(told or NothingToTell)(door),
            methods=[rest.method],
            route_class_override=_OperationRoute,
            dependencies=[(public if operation.anonymous else permit)(operation.action)],
            name=operation.name,
            operation_id=operation.name,
            tags=[rest.tag],
            description=operation.description or operation.request.__doc__,
            status_code=rest.status,
            response_model=None,
            response_class=_class_of(rest),
            responses={status: {} for status in sorted({*_OF_ALL, *errors})},  # described in the document, once for all
            include_in_schema=path == rest.path,
            openapi_extra=document_of(operation, here, reader),
        )


def door_of(operation: Operation[Any], rest: Rest, reader: RequestReader) -> Door:
    """What a request goes through: 401 before 403, both before it is read; then 400, then what the operation says."""
    keyed = rest.method == "POST"
    who = admitted_or_nobody if operation.anonymous else admitted

    async def door(request: Request) -> Response:
        by = who(request.scope, operation.action)
        verified = sender_of(request.scope).verified
        if rest.streamed is not None and is_ndjson(request.scope):
            trace, key = request.scope.get("request_id", ""), _key_of(request, by)
            return Streamed(rest.streamed(request.stream(), Caller(by, trace, key)))
        asked = await reader.read(request)
        named = getattr(asked, "request_id", None) or ""
        if_match = request.headers.get("if-match")
        caller = Caller(
            by=by,
            trace=request.scope.get("request_id", ""),
            idempotency_key=(_key_of(request, by) or named) if keyed else named,
            if_match=version_meant(asked) if if_match is None else if_match,
            session=verified.session if verified is not None else "",
            device=verified.device if verified is not None else "",
            network=network_of(sender_of(request.scope).address),
        )
        try:
            result = result_of(await operation.call(asked, caller))
        except Conflict as error:
            details: Mapping[str, object] = error.details or {}
            beside = {name: details[name] for name in operation.error_details if name in details}
            return problem(error, request, beside=beside)
        if result.persons is not None:
            reading_of(request, result.persons)
        return _response(request, rest, asked, result, version_of(result) if operation.versioned else result.version)

    return door


def _class_of(rest: Rest) -> type[Response]:
    """For the document, which says of all but JSON that it is text."""
    if rest.shown is None or rest.shown.response is not None:
        return JSONResponse
    return type("Shown", (Response,), {"media_type": rest.shown.media_type})


class _OperationRoute(APIRoute):
    """The door answers by itself: there is nothing left that FastAPI would have to look for, decode or encode."""

    @override
    def get_route_handler(self) -> Door:
        door: Door = self.endpoint
        return door


def _response(request: Request, rest: Rest, asked: Any, result: Result, version: int | None) -> Response:
    headers = {}
    if version is not None:
        headers["ETag"] = etags.etag_of(version)
        if rest.method == "GET" and etags.has(request.headers.get("if-none-match"), version):
            return Response(status_code=304, headers=headers)
    shown = rest.shown
    body = result.body if shown is None else shown.by(asked, result.body)
    media_type = "application/json" if shown is None else shown.media_type
    return Response(encoded(body), result.status or rest.status, headers, media_type)


def _key_of(request: Request, by: Principal) -> str:
    """What names the user's action, so that a repeat is recognised: the Idempotency-Key; "" without one.

    Raises:
        InvalidArgument: it is too long.
    """
    key = request.headers.get("idempotency-key", "")
    if len(key) > _LONGEST_KEY:
        raise InvalidArgument(
            f"Idempotency-Key has at most {_LONGEST_KEY} characters.", details={"field": "Idempotency-Key"}
        )
    return f"{request.url.path}\n{by.user}\n{key}" if key else ""
