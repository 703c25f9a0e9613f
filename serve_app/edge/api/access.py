"""Who asks: the bearer token of a request, as `serve_app.edge.conventions.callers` has verified it."""

from typing import Annotated

from fastapi import Depends, Request

from actors.kernel.contract.entity import Principal
from common.policy import POLICY
from serve_app.edge.conventions.callers import sender_of
from serve_app.edge.conventions.permits import permit

Admin = Annotated[Principal, permit("operations.read")]


def is_operator(request: Request) -> bool:
    """May the sender see how the system is inside (`conventions.operators`)?"""
    sender = sender_of(request.scope)
    known = sender.verified
    return sender.operator or (known is not None and POLICY.ever(known.role, "operations.read"))


async def _operator(request: Request) -> None:
    """Raises Unauthenticated or PermissionDenied."""
    if not is_operator(request):
        POLICY.require(sender_of(request.scope).demand().role, "operations.read")


for_operators = Depends(_operator)
