"""The connectors `livekit` and `livekit-permissions` (Twirp over HTTP): a room that nobody is to be in any more is
closed, and what those hold who were put out of it is void; who was silenced sends nothing there until they may again.
"""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Final

import aiohttp
import msgspec
from typing_extensions import override

from actors.meetings.access.doors import Livekit
from actors.meetings.access.elsewhere import livekit_service_token, livekit_sources
from actors.meetings.activities import LIVEKIT, LIVEKIT_PERMISSIONS, CloseElsewhere, PermitElsewhere
from actors.meetings.state import Source
from common.clock import Clock
from serve_app.activities.connector import (
    FOR_EVER_S,
    Call,
    Capacity,
    Connector,
    Later,
    Misconfigured,
    Refused,
    Unreadable,
)

_SERVICE: Final = "/twirp/livekit.RoomService/"
_PATIENCE: Final = aiohttp.ClientTimeout(total=10.0, connect=5.0)
_closes: Final = msgspec.msgpack.Decoder(CloseElsewhere).decode
_permits: Final = msgspec.msgpack.Decoder(PermitElsewhere).decode


class LivekitRooms:
    """LiveKit's room service. A room that is closed already is as good, and so is somebody who is not in it."""

    def __init__(self, livekit: Livekit, clock: Clock) -> None:
        self._livekit, self._clock = livekit, clock
        self._address: Final = "http" + livekit.url.removeprefix("ws").removeprefix("http").rstrip("/") + _SERVICE
        self._session: aiohttp.ClientSession | None = None

    async def tell(self, method: str, room: str, members: Mapping[str, object]) -> None:
        """Call `method` about this room. Raises Later, Refused, Misconfigured."""
        token = livekit_service_token(self._livekit, room, self._clock.now_ms() // 1000)
        try:
            async with self._opened().post(
                self._address + method, json={"room": room, **members}, headers={"Authorization": f"Bearer {token}"}
            ) as answer:
                self._judge(answer.status)
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise Later("unreachable", "LiveKit does not answer.") from error

    def _judge(self, status: int) -> None:
        if status < HTTPStatus.BAD_REQUEST or status == HTTPStatus.NOT_FOUND:
            return
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise Misconfigured("LiveKit does not take our key.")
        if status < HTTPStatus.INTERNAL_SERVER_ERROR and status != HTTPStatus.TOO_MANY_REQUESTS:
            raise Refused(f"http_{status}", "LiveKit refuses what is asked of a room.")
        raise Later(f"http_{status}", "LiveKit cannot do it right now.")

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=_PATIENCE, cookie_jar=aiohttp.DummyCookieJar())
        return self._session

    async def close(self) -> None:
        """Hang up."""
        if self._session is not None:
            await self._session.close()
            self._session = None


class LivekitConnector(Connector):
    """Closes rooms. One a runner."""

    name = LIVEKIT
    capacity = Capacity(at_once=8, call_s=15.0)
    remembers_s = FOR_EVER_S

    def __init__(self, livekit: Livekit, clock: Clock) -> None:
        self._rooms = LivekitRooms(livekit, clock)

    @override
    async def carry_out(self, call: Call) -> bytes:
        try:
            wanted = _closes(call.payload)
        except msgspec.MsgspecError as error:
            raise Unreadable("This version does not know such a room.") from error
        for one in wanted.voided:  # while the room is there: with it goes what is known of it
            revoked = {"identity": one.participant, "revoke_token_ts": str(one.before_s)}
            await self._rooms.tell("RemoveParticipant", wanted.room, revoked)
        await self._rooms.tell("DeleteRoom", wanted.room, {})
        return b""

    @override
    async def find(self, call: Call) -> None:
        """It is closed once more."""

    @override
    async def close(self) -> None:
        await self._rooms.close()


class LivekitPermissionConnector(Connector):
    """Says who may send what. LiveKit takes away what somebody sends and may not any more, refuses it when they send it
    again, and changes nothing for who may what they might before. One a runner."""

    name = LIVEKIT_PERMISSIONS
    capacity = Capacity(at_once=8, call_s=30.0)
    remembers_s = FOR_EVER_S

    def __init__(self, livekit: Livekit, clock: Clock) -> None:
        self._rooms = LivekitRooms(livekit, clock)

    @override
    async def carry_out(self, call: Call) -> bytes:
        try:
            wanted = _permits(call.payload)
        except msgspec.MsgspecError as error:
            raise Unreadable("This version does not know such permissions.") from error
        for seat in wanted.seats:
            permission = {"identity": seat.participant, "permission": _permission(seat.sources)}
            await self._rooms.tell("UpdateParticipant", wanted.room, permission)
        return b""

    @override
    async def find(self, call: Call) -> None:
        """They are told once more."""

    @override
    async def close(self) -> None:
        await self._rooms.close()


def _permission(sources: Iterable[Source]) -> dict[str, object]:
    """A `ParticipantPermission`: it takes the place of the whole one before, so each member is as in their token. An
    empty list of sources would allow all of them, were it not for `can_publish`."""
    named = [name.upper() for name in livekit_sources(sources)]
    return {
        "can_subscribe": True,
        "can_publish": bool(named),
        "can_publish_data": bool(named),
        "can_publish_sources": named,
    }
