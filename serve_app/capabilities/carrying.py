"""Between a runner and a connector: what an activity names (`Sending`) becomes what a connector sends, with the words,
the address and the presence of the moment. What was read, cancelled or answered a moment ago is not sent."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final, Protocol

import msgspec
from typing_extensions import override

from actors.kernel.contract.entity import SYSTEM, Principal, as_themselves
from actors.kernel.contract.ports import EntityClient
from actors.notifications.activities import STALE, Push, Sending
from actors.notifications.notifier.answers import Rendered
from actors.notifications.notifier.commands import Render
from actors.rooms.room.commands import History
from common.clock import Clock
from common.errors import NotFound, PermissionDenied
from serve_app.activities.connector import Call, Connector, Later, Refused
from serve_app.capabilities.connecting import RunnerContext
from serve_app.capabilities.identity.sessions.living import LivingSessions

if TYPE_CHECKING:
    from actors.rooms.replies import MessagePage

QUOTED: Final = 160
"""Characters of a message that a push shows at most."""
_pack: Final = msgspec.msgpack.Encoder().encode
_sending: Final = msgspec.msgpack.Decoder(Sending).decode


class Sessions(Protocol):
    """Whether a session is still in force."""

    async def lives(self, user: str, session: str, since_ms: int) -> bool: ...


class WithWords(Connector):
    """A connector of `Push` or `Mail` as one of `Sending`. What is no `Sending` goes through as it is."""

    def __init__(
        self,
        inner: Connector,
        entities: EntityClient,
        sessions: Sessions,
        online: Callable[[str], Awaitable[bool]],
        clock: Clock,
    ) -> None:
        self.name = inner.name
        self.capacity = inner.capacity
        self.remembers_s = inner.remembers_s
        self._inner = inner
        self._entities = entities
        self._sessions = sessions
        self._online = online
        self._clock = clock

    @override
    async def carry_out(self, call: Call) -> bytes:
        return await self._inner.carry_out(await self._whole(call))

    @override
    async def find(self, call: Call) -> bytes | None:
        return await self._inner.find(call)

    @override
    async def close(self) -> None:
        await self._inner.close()

    async def _whole(self, call: Call) -> Call:
        """The call with what is to be sent in it.

        Raises:
            Later: a device of the person is online, and may yet show it.
            Refused: nothing is left to send, or the device's session has ended.
        """
        try:
            sending = _sending(call.payload)
        except msgspec.MsgspecError:
            return call
        await self._unless_online(sending)
        rendered = await self._entities.ask(f"notifier:{sending.user}", Render(sending), by=SYSTEM)
        if rendered.push is not None:
            return _with(call, await self._push(sending, rendered, rendered.push))
        if rendered.mail is not None:
            return _with(call, rendered.mail)
        raise Refused(STALE, "It is not to be sent any more.")

    async def _unless_online(self, sending: Sending) -> None:
        left_ms = sending.online_until_ms - self._clock.platform_ms()
        if left_ms > 0 and await self._online(sending.user):
            raise Later(
                "online", "A device of the person may yet show it.", retry_after_s=left_ms / 1000, only_this=True
            )

    async def _push(self, sending: Sending, rendered: Rendered, push: Push) -> Push:
        if not await self._sessions.lives(sending.user, rendered.session, rendered.registered_ms):
            raise Refused("session_ended", "The session of the device has ended.")
        if not rendered.quotes_room or rendered.preview == "none" or push.kind != "show":
            return push
        return await self._quoting(sending, rendered, push)

    async def _quoting(self, sending: Sending, rendered: Rendered, push: Push) -> Push:
        """The push with the newest message of the room, as the person may see it by now."""
        by: Principal = as_themselves(sending.user)
        try:
            page: MessagePage = await self._entities.ask(f"room:{rendered.quotes_room}", History(limit=1), by=by)
        except (NotFound, PermissionDenied):  # they have left meanwhile
            raise Refused(STALE, "The person is in this room no more.") from None
        message = page.messages[-1] if page.messages else None
        if message is None or message.sender_id == sending.user:
            return push
        text = message.body if rendered.preview == "full" and isinstance(message.body, str) else ""
        return msgspec.structs.replace(push, title=message.sender_id, body=text[:QUOTED])


def with_words(inner: Connector, context: RunnerContext) -> Connector:
    """The connector, as a runner has it."""
    sessions = LivingSessions(context.database, context.clock)
    return WithWords(
        inner=inner, entities=context.region, sessions=sessions, online=context.online, clock=context.clock
    )


def _with(call: Call, what: msgspec.Struct) -> Call:
    return Call(key=call.key, payload=_pack(what), owner=call.owner, attempt=call.attempt, made_at_ms=call.made_at_ms)
