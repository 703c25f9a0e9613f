"""Requests of the front itself: signing in and presence."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from common.decoding import Id, Request, Seq


class Authenticate(Request, frozen=True):
    """The token of a socket, sent after it connected; or a fresh one for a socket that is known."""

    token: Annotated[str, Meta(min_length=1)]


class SetPresence(Request, frozen=True):
    """The status that the user wants to be seen with."""

    status: Literal["online", "away", "busy", "invisible"]


class WatchPresence(Request, frozen=True):
    """Hear who is there, of these users; or hear of them no more."""

    user_ids: Annotated[list[Id], Meta(max_length=500)]


class Hello(msgspec.Struct, frozen=True):
    """`auth` of a connection. Unknown members are ignored: what stands between client and server may add its own."""

    token: Any = None
    device_id: Id | None = None
    recover: dict[Id, Seq] = {}
    inbox: Seq | None = None
