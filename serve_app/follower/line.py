"""One consumer of the journal: what waits for it, and how it is handed over."""

import asyncio
from collections import deque
from collections.abc import Callable
from itertools import islice
from typing import Final, NamedTuple

from common.clock import Clock
from common.errors import CarewireError
from common.lib.retry import Backoff
from common.logs import get_logger
from serve_app.follower.consumer import Consumer, Turned
from serve_app.follower.positions import Position, Positions

MOST_WAITING: Final = 10_000
_AT_ONCE: Final = 500
_PAUSES_S: Final = (0.1, 5.0)
_TRIES: Final = 5  # of what fails by a fault of ours; then it is tried turn by turn, and the one that fails left out
log = get_logger(__name__)


class WaitingTurn(NamedTuple):
    """A turn that waits. `token`: its place in the log; None: it was looked for, and comes before any place."""

    token: str | None
    turned: Turned


class ConsumerLine:
    """What waits for one consumer. The stream puts in, `run` hands over; whoever owns it keeps its position."""

    def __init__(self, consumer: Consumer, positions: Positions, clock: Clock, taken: Callable[[int], None]) -> None:
        """`taken` counts turns that are done."""
        self.consumer = consumer
        self.position = Position(None, 0)
        self._positions, self._clock, self._taken = positions, clock, taken
        self._waiting: deque[WaitingTurn] = deque()
        self._news, self._room = asyncio.Event(), asyncio.Event()
        self._room.set()
        self._kept = self.position
        self.reached: str | None = None  # the place up to where everything waits, or is done
        self._failures = 0

    @property
    def waiting(self) -> int:
        """How many turns wait."""
        return len(self._waiting)

    @property
    def full(self) -> bool:
        """Do too many wait?"""
        return not self._room.is_set()

    @property
    def lag_s(self) -> float:
        """How old the oldest is that waits."""
        if not self._waiting:
            return 0.0
        return max(0.0, (self._clock.now_ms() - self._waiting[0].turned.at_ms) / 1000)

    def begin(self, position: Position) -> None:
        """From this position on."""
        self.position = self._kept = position
        self.reached = position.token

    def put(self, token: str | None, turned: Turned) -> None:
        """One more waits, unless it is none of theirs, or done."""
        if turned.entity.partition(":")[0] not in self.consumer.kinds or self._has(token):
            return
        self._waiting.append(WaitingTurn(token, turned))
        self.reached = token or self.reached
        self._news.set()
        if len(self._waiting) >= MOST_WAITING:
            self._room.clear()

    def passed(self, token: str, at_ms: int) -> None:
        """The log was read up to here; where nothing waits, the consumer has come as far."""
        if not self._waiting and not self._has(token):
            self.position = Position(token, max(at_ms, self.position.at_ms))

    async def has_room(self) -> None:
        """Waits while too many wait."""
        await self._room.wait()

    async def run(self) -> None:
        """Hand over, until cancelled."""
        backoff = Backoff(*_PAUSES_S)
        while True:
            while not self._waiting:
                self._news.clear()
                await self._news.wait()
            some = list(islice(self._waiting, 1 if self._failures >= _TRIES else _AT_ONCE))
            if await self._take(some):
                self._done(some)
                backoff.reset()
            else:
                await backoff.pause()

    async def _take(self, some: list[WaitingTurn]) -> bool:
        """Is the consumer done with these?"""
        name = self.consumer.name
        try:
            await self.consumer.take([one.turned for one in some])
        except CarewireError as error:
            log.warning("follower.later", consumer=name, code=error.code)
            return False
        except Exception:
            self._failures += 1
            log.exception("follower.failed", consumer=name, turns=len(some))
            if len(some) > 1 or self._failures <= _TRIES:
                return False
            log.error("follower.left_out", consumer=name, entity=some[0].turned.entity, turn=some[0].turned.turn)
        self._failures = self._failures if self._failures >= _TRIES and len(self._waiting) > 1 else 0
        return True

    def _done(self, some: list[WaitingTurn]) -> None:
        for _ in some:
            self._waiting.popleft()
        self._taken(len(some))
        last = some[-1]
        if last.token is not None:
            self.position = Position(last.token, max(self.position.at_ms, last.turned.at_ms))
        if len(self._waiting) < MOST_WAITING // 2:
            self._room.set()

    async def keep(self) -> None:
        """Write the position down, if it has moved. Raises Unavailable."""
        position = self.position
        if position != self._kept:
            await self._positions.write(self.consumer.name, position)
            self._kept = position

    def _has(self, token: str | None) -> bool:
        return token is not None and self.position.token is not None and token <= self.position.token
