"""The policy at the door of every route: each names its action, and an application with one that does not is refused.

    @router.get("/api/invitations")
    async def invitations(by: Annotated[Principal, permit("invitation.manage")]) -> ...

A permit refuses roles that may never do it. Where the table also asks for a relation, the route (or the entity behind
it) finds the relation out and calls `POLICY.require` with it.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final

from fastapi import Depends, FastAPI, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from fastapi.security import HTTPBearer
from starlette.types import Scope

from actors.kernel.contract.entity import Principal
from common.auth.tokens import Verified
from common.policy import PERSONAL, POLICY
from serve_app.edge.conventions.callers import sender_of
from serve_app.edge.conventions.readings import reading, told_by

# Declares the scheme for the documentation; the header itself is read by `Callers`, so that every refusal is a problem.
_scheme: Final = HTTPBearer(
    auto_error=False, description="`POST /api/auth/login`, or `carewire token` for development."
)


NOBODY: Final = Principal("", "nobody")
"""Whoever has not said who they are. It must not be handed to an entity: without a name it would be Carewire itself."""


def admitted(scope: Scope, action: str) -> Principal:
    """Whoever sends this request, when their role may do `action` at all.

    Raises:
        Unauthenticated: nobody whom we know.
        PermissionDenied: it may not.
    """
    verified = sender_of(scope).demand()
    POLICY.require(verified.role, action)
    reading(scope, verified.role, action)
    return Principal(verified.user, verified.role)


def admitted_or_nobody(scope: Scope, action: str) -> Principal:
    """The same where nobody needs a token: who shows none is nobody. A token that is no good is still refused."""
    return NOBODY if sender_of(scope).silent else admitted(scope, action)


class _Permit:
    """What `permit` hangs into a route."""

    def __init__(self, action: str) -> None:
        if action not in POLICY:
            raise ValueError(f"no such action: {action}")
        self.action = action

    async def __call__(self, request: Request, _: object = Depends(_scheme)) -> Principal:
        """Raises Unauthenticated or PermissionDenied."""
        return admitted(request.scope, self.action)


class _Public:
    """The same for a route that nobody needs a token for."""

    def __init__(self, action: str) -> None:
        if action not in POLICY:
            raise ValueError(f"no such action: {action}")
        self.action = action

    async def __call__(self) -> None:
        """Everybody may."""


def permit(action: str) -> Any:
    """A dependency: the caller, whose role may do `action` at all."""
    return Depends(_Permit(action))


def public(action: str) -> Any:
    """A dependency for a route without a token."""
    return Depends(_Public(action))


def verified_of(request: Request) -> Verified:
    """What the token of the request says. Raises Unauthenticated."""
    return sender_of(request.scope).demand()


def actions_of(route: RouteContext) -> set[str]:
    """The actions that a route stands under."""
    return {call.action for call in _calls(route.dependant) if isinstance(call, _Permit | _Public)}


def routes_of(app: FastAPI) -> list[RouteContext]:
    """The routes of the API."""
    every = (one for one in iter_route_contexts(app.routes) if isinstance(one.original_route, APIRoute))
    return [route for route in every if (route.path or "").startswith("/api/")]


def told_on(route: RouteContext) -> Any:
    """The type of what a route answers; None when nothing says it."""
    original: Any = route.original_route
    return told_by(original.endpoint, original.response_model)


def check_permits(app: FastAPI) -> None:
    """Raises LookupError: a route under /api/ names no action, or may tell of people and does not say where in its
    answer they are."""
    if bare := [route.path for route in routes_of(app) if not actions_of(route)]:
        raise LookupError(f"routes without a permit: {bare}")
    silent = [route.path for route in routes_of(app) if actions_of(route) & PERSONAL and told_on(route) is None]
    if silent:
        raise LookupError(f"routes whose answers have no type, to tell who was read: {silent}")


def _calls(dependant: Dependant) -> Iterator[Callable[..., Any] | None]:
    for one in dependant.dependencies:
        yield one.call
        yield from _calls(one)
