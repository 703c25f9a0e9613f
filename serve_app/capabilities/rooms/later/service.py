"""Messages that are said later, as doors serve them. The rules are the entity's (`actors.outgoing`)."""

from typing import Final

import msgspec

from actors.kernel.contract.entity import SYSTEM, Principal
from actors.kernel.contract.ports import EntityClient
from actors.outgoing.commands import (
    CancelScheduled,
    ForgetOutgoing,
    GetScheduledWords,
    ListScheduled,
    Reschedule,
    ScheduleSend,
)
from actors.outgoing.replies import ScheduledAnswer, ScheduledList
from actors.rooms.messages.more import reworded
from actors.rooms.room.commands import Peek, Post
from actors.rooms.service import Rooms
from common.clock import Clock
from common.ids import derived_id, new_id
from serve_app.capabilities.rooms.writing.composing import rewritten

_pack: Final = msgspec.msgpack.Encoder().encode
_unpack: Final = msgspec.msgpack.Decoder(Post).decode


class ScheduledMessages:
    """One a process."""

    def __init__(self, entities: EntityClient, rooms: Rooms, clock: Clock) -> None:
        self._entities, self._rooms, self._clock = entities, rooms, clock

    async def schedule(
        self, room_id: str, post: Post, send_at_ms: int, *, by: Principal, key: str, trace: str
    ) -> ScheduledAnswer:
        """Say it later. The room is asked now whether there is one, and once more when it is said.

        Raises:
            NotFound, PermissionDenied: no room of theirs.
            InvalidArgument, FailedPrecondition: not then, or not one more.
        """
        await self._rooms.ask(room_id, Peek(), by=by, trace=trace)
        now_ms = self._clock.platform_ms()
        id_ = derived_id("sch", 0, f"{by.user}\n{key}") if key else new_id("sch", now_ms)
        post = msgspec.structs.replace(post, client_id=id_)
        command = ScheduleSend(id=id_, room=room_id, send_at_ms=send_at_ms, body=post.body, post=_pack(post))
        return await self._entities.ask(_entity(by.user), command, by=by, trace=trace)

    async def list(self, *, by: Principal) -> ScheduledList:
        """All of the caller's."""
        return await self._entities.ask(_entity(by.user), ListScheduled(), by=by)

    async def update(
        self, scheduled_id: str, *, body: str | None, send_at_ms: int | None, by: Principal, trace: str
    ) -> ScheduledAnswer:
        """Other words, or another time. Raises NotFound, InvalidArgument, FailedPrecondition, Conflict."""
        entity = _entity(by.user)
        if body is None:
            command = Reschedule(id=scheduled_id, send_at_ms=send_at_ms)
            return await self._entities.ask(entity, command, by=by, trace=trace)
        words = await self._entities.ask(entity, GetScheduledWords(scheduled_id), by=by, trace=trace)
        was = _unpack(words.post)
        now = msgspec.structs.replace(was, body=body, rich=reworded(was.more, was.rich, rewritten(body)))
        command = Reschedule(id=scheduled_id, body=body, post=_pack(now), was=words.number, send_at_ms=send_at_ms)
        return await self._entities.ask(entity, command, by=by, trace=trace)

    async def cancel(self, scheduled_id: str, *, by: Principal, trace: str) -> ScheduledAnswer:
        """Do not say it. Raises NotFound, FailedPrecondition."""
        return await self._entities.ask(_entity(by.user), CancelScheduled(scheduled_id), by=by, trace=trace)

    async def forget(self, user: str) -> None:
        """They are being erased: nothing of theirs is said any more. Idempotent. Raises Unavailable."""
        await self._entities.ask(_entity(user), ForgetOutgoing(), by=SYSTEM)


def _entity(user: str) -> str:
    return f"outgoing:{user}"
