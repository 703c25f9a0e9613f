"""The connector `livekit`: closes a room that nobody is to be in any more, and voids what those hold who were put out
of it (Twirp over HTTP)."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

import aiohttp
import msgspec
from typing_extensions import override

from actors.meetings.access.doors import Livekit
from actors.meetings.access.elsewhere import livekit_service_token
from actors.meetings.activities import LIVEKIT, CloseElsewhere
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
_wanted: Final = msgspec.msgpack.Decoder(CloseElsewhere).decode


class LivekitConnector(Connector):
    """One a runner. A room that is closed already is as good, and so is somebody who is not in it."""

    name = LIVEKIT
    capacity = Capacity(at_once=8, call_s=15.0)
    remembers_s = FOR_EVER_S

    def __init__(self, livekit: Livekit, clock: Clock) -> None:
        self._livekit, self._clock = livekit, clock
        self._address: Final = "http" + livekit.url.removeprefix("ws").removeprefix("http").rstrip("/") + _SERVICE
        self._session: aiohttp.ClientSession | None = None

    @override
    async def carry_out(self, call: Call) -> bytes:
        try:
            wanted = _wanted(call.payload)
        except msgspec.MsgspecError as error:
            raise Unreadable("This version does not know such a room.") from error
        for one in wanted.voided:  # while the room is there: with it goes what is known of it
            revoked = {"identity": one.participant, "revoke_token_ts": str(one.before_s)}
            await self._tell("RemoveParticipant", wanted.room, revoked)
        await self._tell("DeleteRoom", wanted.room, {})
        return b""

    async def _tell(self, method: str, room: str, members: Mapping[str, str]) -> None:
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
            raise Refused(f"http_{status}", "LiveKit refuses to close a room.")
        raise Later(f"http_{status}", "LiveKit cannot close a room right now.")

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=_PATIENCE, cookie_jar=aiohttp.DummyCookieJar())
        return self._session

    @override
    async def find(self, call: Call) -> None:
        """It is closed once more."""

    @override
    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None
