"""Recovery of a socket that was away: first what it missed, in order, then whatever is new."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from typing import Final

import msgspec

from actors.kernel.caller.region import Region
from actors.kernel.contract.entity import Attach
from common.errors import CarewireError, Overloaded, Unavailable
from common.lib.retry import Backoff
from common.logs import get_logger
from realtime.delivery.connections import Connection
from realtime.delivery.joining import JoinedTopic, Joining
from realtime.delivery.metrics import GatewayMetrics
from realtime.delivery.packets import delivery_text
from realtime.front.acks import error_event
from realtime.front.bounds.limits import EventLimits

log = get_logger(__name__)

_AT_ONCE: Final = 8
_DRAIN_S: Final = 30.0
_PAUSES_S: Final = (1.0, 10.0)  # first and highest ceiling of the pause before an inbox or a room is asked for again
_LATER_S: Final = 0.5  # at least
_One = Callable[[Connection, str, int], Awaitable[None]]


class _Attached(msgspec.Struct):
    packets: list[msgspec.Raw]


_attached: Final = msgspec.json.Decoder(_Attached).decode


class SocketRecovery:
    """Attaches sockets to topics, with what they missed."""

    def __init__(
        self,
        region: Region,
        joining: Joining,
        limits: EventLimits,
        metrics: GatewayMetrics,
        *,
        topic_of: Callable[[str], str],
        max_events: int,
    ) -> None:
        """`topic_of`: what a client names to be recovered, as a topic. `max_events`: most that is sent again of one
        topic; older ones are a `gap`."""
        self._region = region
        self._joining = joining
        self._limits = limits
        self._metrics = metrics
        self._topic_of = topic_of
        self._max_events = max_events

    async def inbox(self, connection: Connection) -> Sequence[str]:
        """Listen to what is addressed to the user. The text packets to send once the session has been announced.

        Without it there is no session, so it is tried for as long as the socket lives.

        Raises:
            CarewireError: refused for good.
        """
        topic = f"user:{connection.user}"
        backoff = Backoff(*_PAUSES_S)
        while True:
            try:
                joined = await self._attach(connection, topic, connection.hello.inbox)
            except (Unavailable, Overloaded) as error:
                if connection.closed:
                    return ()
                log.warning("inbox.unavailable", sid=connection.sid, code=error.code)
                await backoff.pause(at_least_s=error.retry_after_s or 0.0)
            else:
                connection.inbox_seq = joined.reply.version
                return self._texts(joined)

    async def named(self, connection: Connection) -> dict[str, int]:
        """Listen again to what the client named, and send what was missed of each. Each counts as a read; one that is
        too many is refused as that would be, for the client to come back to it. Returns what cannot be had now."""
        return await self._each(connection, connection.hello.recover, self._counted)

    async def later(self, connection: Connection, wanted: dict[str, int]) -> None:
        """Try the rest for as long as the socket lives: whoever waits in a room whose shard is away is not to miss what
        is said once it is back."""
        backoff = Backoff(*_PAUSES_S)
        while wanted and not connection.closed:
            await backoff.pause(at_least_s=_LATER_S)
            wanted = await self._each(connection, wanted, self._unless_heard)

    async def _each(self, connection: Connection, wanted: dict[str, int], one: _One) -> dict[str, int]:
        """A few at once. Returns those of which there was no answer."""
        left, missing = iter(wanted.items()), dict[str, int]()
        await asyncio.gather(*(_some(connection, left, missing, one) for _ in range(min(_AT_ONCE, len(wanted)))))
        return missing

    async def _counted(self, connection: Connection, name: str, since: int) -> None:
        try:
            self._limits.check(connection, "read")
        except CarewireError as error:
            _refuse(connection, name, error)
        else:
            await self._named(connection, name, since)

    async def _unless_heard(self, connection: Connection, name: str, since: int) -> None:
        """The client may have joined the room itself meanwhile."""
        if not self._joining.hears(connection, self._topic_of(name)):
            await self._named(connection, name, since)

    async def _named(self, connection: Connection, name: str, since: int) -> None:
        try:
            joined = await self._attach(connection, self._topic_of(name), since)
        except (Unavailable, Overloaded):
            raise
        except CarewireError as error:
            _refuse(connection, name, error)
        else:
            for text in self._texts(joined):
                connection.writer.text(text)
        if not connection.closed and not await connection.writer.drained(_DRAIN_S):
            await connection.writer.cut("slow consumer")

    async def _attach(self, connection: Connection, topic: str, since: int | None) -> JoinedTopic:
        submit = partial(
            self._region.submit,
            topic,
            Attach(since, self._max_events),
            by=connection.principal,
            listen=True,
            trace=connection.trace(),
        )
        return await self._joining.join(connection, topic, submit)

    def _texts(self, joined: JoinedTopic) -> list[str]:
        missed = _attached(joined.reply.data).packets
        self._metrics.recovered.inc(len(missed))
        return [delivery_text(bytes(packet)) for packet in (*missed, *(one.packet for one in joined.held))]


async def _some(connection: Connection, left: Iterator[tuple[str, int]], missing: dict[str, int], one: _One) -> None:
    """One after the other, as long as there are `left`, which others take from as well."""
    for name, since in left:
        if connection.closed:
            return
        try:
            await one(connection, name, since)
        except (Unavailable, Overloaded) as error:
            log.warning("recovery.unavailable", sid=connection.sid, name=name, code=error.code)
            missing[name] = since


def _refuse(connection: Connection, name: str, error: CarewireError) -> None:
    details = (error.details or {}) | {"room_id": name}
    connection.writer.emit("error", error_event(error, event="recover", details=details))
