"""Making a socket hear a topic: the subscription before the command, so that nothing falls in between."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import msgspec

from actors.kernel.contract.answers import Reply
from actors.kernel.contract.protocol import TopicDelivery
from common.errors import Unavailable
from realtime.delivery.connections import Connection
from realtime.delivery.subscriptions import GatewayTopics


@dataclass(frozen=True, slots=True)
class JoinedTopic:
    """The entity's answer, and what came meanwhile. The answer is to be sent first, then that, without an await in
    between: from now on the topic flows to the socket by itself."""

    reply: Reply
    held: list[TopicDelivery]


class Joining:
    """Joins of one gateway."""

    def __init__(self, subscriptions: GatewayTopics[Connection]) -> None:
        self._subscriptions = subscriptions

    def hears(self, connection: Connection, topic: str) -> bool:
        """Has the socket joined this topic?"""
        return topic in self._subscriptions.topics(connection)

    async def join(self, connection: Connection, topic: str, submit: Callable[[], Awaitable[Reply]]) -> JoinedTopic:
        """`submit` sends the command that admits (with `listen`). Nothing is awaited before it has been called.

        Raises:
            CarewireError: the entity refused, or the socket listens to too much already, or too much came meanwhile.
        """
        if connection.closed:
            raise Unavailable("The connection has closed.")
        join = self._subscriptions.join(connection, topic)
        try:
            reply = await submit()
        except BaseException:
            self._subscriptions.failed(join)
            raise
        held = self._subscriptions.joined(join, reply.version)
        return JoinedTopic(reply, [own for one in held if (own := _as_sent(one, connection)) is not None])


def _as_sent(delivery: TopicDelivery, connection: Connection) -> TopicDelivery | None:
    """The delivery with what this socket gets of it; None: nothing."""
    if delivery.for_all:
        return delivery
    packet = delivery.packet_for(connection.user, connection.sid)
    if packet is None:
        return None
    attachments = delivery.attachments if packet is delivery.packet else ()
    return msgspec.structs.replace(delivery, packet=packet, attachments=attachments)
