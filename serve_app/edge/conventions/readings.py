"""Staff's reading of what is personal, recorded before it is answered: who, what, whose, when, from where, why.

A permit says that a route may tell of people (`policy.PERSONAL`), the type of its answer where in it they are: that
which FastAPI knows, or for answers that come ready what `tells` says. What could not be recorded is not answered.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, TypeVar

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from common.errors import CarewireError
from common.observations import Observation
from common.persons import persons_in
from common.policy import ALWAYS_RECORDED, PERSONAL
from serve_app.edge.api.problems import problem
from serve_app.edge.conventions.callers import sender_of

Observe = Callable[[Observation], Awaitable[None]]
Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])
_TELLS: Final = "carewire_tells"
_ACTION: Final = "carewire.reading"
_PERSONS: Final = "carewire.persons"
_NAMED: Final = ("therapist_id", "client_id", "series_id", "subject")  # query members that say what was looked for
_REFUSED: Final = 400
_JSON: Final = b"application/json"


def tells(kind: Any) -> Callable[[Endpoint], Endpoint]:
    """Decorates an endpoint whose answers come ready: they are JSON of type `kind`."""

    def mark(endpoint: Endpoint) -> Endpoint:
        vars(endpoint)[_TELLS] = kind
        return endpoint

    return mark


def told_by(endpoint: Any, response_model: Any) -> Any:
    """The type of what an endpoint answers; None when nothing says it."""
    return getattr(endpoint, _TELLS, response_model)


def reading(scope: Scope, role: str, action: str) -> None:
    """A caller of `role` has been let in to do `action`."""
    if role != "client" and action in PERSONAL:
        scope[_ACTION] = action


def reading_of(request: Request, persons: Sequence[str]) -> None:
    """Whom an answer tells of, where its words do not say."""
    request.scope[_PERSONS] = persons


class Readings:
    """ASGI middleware, the innermost one, behind `Callers`."""

    def __init__(self, app: ASGIApp, observe: Observe) -> None:
        self._app = app
        self._observe = observe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        held: list[Message] = []

        async def hold(message: Message) -> None:
            begins = message["type"] == "http.response.start"
            if begins and _ACTION in scope and message["status"] < _REFUSED:
                held.append(message)
            elif not held:
                await send(message)
            else:
                held.append(message)
                if not message.get("more_body"):
                    await self._release(scope, receive, held, send)

        await self._app(scope, receive, hold if scope["type"] == "http" else send)

    async def _release(self, scope: Scope, receive: Receive, held: Sequence[Message], send: Send) -> None:
        try:
            seen = _observation(scope, held)
            if seen is not None:
                await self._observe(seen)
        except CarewireError as error:
            await problem(error, Request(scope))(scope, receive, send)
            return
        for message in held:
            await send(message)


def _observation(scope: Scope, held: Sequence[Message]) -> Observation | None:
    """None when the answer tells of nobody but the reader."""
    sender = sender_of(scope)
    who, request = sender.demand(), Request(scope)
    persons: Sequence[str] = [one for one in scope.get(_PERSONS, ()) if one != who.user]
    if not persons and dict(held[0].get("headers", ())).get(b"content-type", b"").startswith(_JSON):
        kind = told_by(scope["endpoint"], scope["route"].response_model)
        persons = persons_in(b"".join(message.get("body", b"") for message in held[1:]), kind, but=who.user)
    named = [*request.path_params.values(), *(request.query_params.get(name) for name in _NAMED)]
    resource = " ".join(str(one) for one in named if one)[:256]
    if not persons and scope[_ACTION] not in ALWAYS_RECORDED:
        return None
    return Observation(
        verified=who,
        action=scope[_ACTION],
        resource=resource,
        persons=persons,
        address=sender.address,
        request=scope["request_id"],
    )
