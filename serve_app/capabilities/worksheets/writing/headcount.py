"""How many sockets of other gateways have a document open: each gateway tells the others, over the document's topic,
when its own number changes, and every ten seconds. Who is not heard for half a minute counts no more.

The first socket of a gateway comes in before it has heard of the others: so there may be one more for each gateway.
"""

from collections.abc import Callable
from functools import partial
from typing import Final

import msgspec

from actors.worksheets.document.wire import JOINED, JoinedCount
from realtime.delivery.deadlines import Deadlines

_EVERY_S: Final = 10.0
_LASTS_S: Final = 30.0
_decode: Final = msgspec.json.Decoder(tuple[str, JoinedCount]).decode


class HeadCount:
    """Of one gateway. `tell` tells the others; `own` says how many sockets of its own have a document open."""

    def __init__(
        self,
        gateway: str,
        deadlines: Deadlines,
        *,
        now_s: Callable[[], float],
        own: Callable[[str], int],
        tell: Callable[[str, JoinedCount], None],
    ) -> None:
        self._gateway, self._deadlines = gateway, deadlines
        self._now_s, self._own, self._tell = now_s, own, tell
        self._others: dict[str, dict[str, tuple[int, float]]] = {}
        self._telling: set[str] = set()

    def elsewhere(self, topic: str) -> int:
        """Sockets of other gateways that have this document open."""
        oldest_s = self._now_s() - _LASTS_S
        return sum(joined for joined, heard_s in self._others.get(topic, {}).values() if heard_s > oldest_s)

    def changed(self, topic: str) -> None:
        """One of our own has joined, or left."""
        joined = self._own(topic)
        self._tell(topic, JoinedCount(gateway=self._gateway, joined=joined))
        if not joined:
            self._others.pop(topic, None)
        elif topic not in self._telling:
            self._telling.add(topic)
            self._deadlines.after(_EVERY_S, partial(self._again, topic))

    def heard(self, topic: str, packet: bytes) -> None:
        """A gateway has said how many it has. One of which we did not know is told of ours."""
        count = _decode(packet)[1]
        if count.gateway == self._gateway or not self._own(topic):
            return
        others = self._others.setdefault(topic, {})
        new = count.gateway not in others
        others[count.gateway] = count.joined, self._now_s()
        if new:
            self._tell(topic, JoinedCount(gateway=self._gateway, joined=self._own(topic)))

    def _again(self, topic: str) -> None:
        self._telling.discard(topic)
        if self._own(topic):
            self.changed(topic)


def is_count(packet: bytes) -> bool:
    """Does a gateway say here how many it has?"""
    return packet.startswith(_COUNT)


_COUNT: Final = f'["{JOINED}",'.encode()
