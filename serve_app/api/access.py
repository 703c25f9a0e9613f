"""Who asks: the bearer token of a request, as `serve_app.conventions.callers` has verified it."""

from typing import Annotated

from actors.kernel.entity import Principal
from serve_app.conventions.callers import Verify
from serve_app.conventions.permits import permit

__all__ = ["Admin", "RoomLister", "RoomReader", "Verify"]

RoomLister = Annotated[Principal, permit("room.list")]
RoomReader = Annotated[Principal, permit("room.read")]
Admin = Annotated[Principal, permit("operations.read")]
