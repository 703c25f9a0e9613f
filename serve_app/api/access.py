"""Who asks: the bearer token of a request."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from actors.kernel.entity import Principal
from config.errors import PermissionDenied, Unauthenticated
from config.tokens import Verified

Verify = Callable[[object], Awaitable[Verified]]

# Declares the scheme for the documentation; the header itself is read below, so that every refusal is a problem.
_scheme = HTTPBearer(auto_error=False, description="`carewire token` makes one for development.")


async def caller(request: Request, _: Annotated[object, Depends(_scheme)]) -> Principal:
    """The user that the token names.

    Raises:
        Unauthenticated: there is no token, or none of ours.
    """
    scheme, _space, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("Send a token: Authorization: Bearer <token>.")
    verify: Verify = request.app.state.verify
    verified = await verify(token.strip())
    return Principal(verified.user, verified.role)


async def admin(principal: Annotated[Principal, Depends(caller)]) -> Principal:
    """The same, for administrators only.

    Raises:
        PermissionDenied: it is somebody else.
    """
    if principal.role != "admin":
        raise PermissionDenied("This is for administrators.")
    return principal


Caller = Annotated[Principal, Depends(caller)]
Admin = Annotated[Principal, Depends(admin)]
