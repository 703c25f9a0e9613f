"""A transactional outbox: carries out what a stored turn still owes, which is read models, redactions, timers, letters,
activities.

The turn carries its effects in the same document, so they are owed as soon as it is stored. Views and redactions are
done before the command is answered; timers are set and letters go out behind it, and activities are offered to runners.
Then the turn is settled. Whatever a
crash leaves unsettled is done again by the shard's next life: every effect is idempotent.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final

from actors.kernel.effects.activities.activities import ShardActivities
from actors.kernel.history.codec import StoredEffects, StoredLetter, StoredView, decode_effects, timers_of
from actors.kernel.history.runtime import KindRuntime
from actors.kernel.lib.backoffs import database_backoff
from actors.kernel.lib.writes import WriteBatcher
from common.errors import Unavailable
from common.lib.retry import retry
from common.lib.tasks import Tasks
from common.logs import get_logger
from store.ports.journal import Turn
from store.ports.stores import Stores
from store.ports.timers import Timer
from store.ports.views import View

_log = get_logger(__name__)

_RECEIVERS: Final = 100  # of one turn's letters, at the same time

Deliver = Callable[[str, StoredLetter], Awaitable[None]]
"""Brings a letter of this sender to its end; raises `Unavailable` when that must be tried again."""

SetTimers = Callable[[Sequence[Timer]], "asyncio.Future[None]"]
"""Fired from now on; they need their turn no more as soon as the future is done."""

RuntimeOf = Callable[[str], KindRuntime | None]


class Outbox:
    """Carries out effects, however often it takes. Whatever its tasks leave undone stays owed."""

    def __init__(
        self,
        stores: Stores,
        deliver: Deliver,
        set_timers: SetTimers,
        *,
        runtime_of: RuntimeOf,
        settling: WriteBatcher[tuple[str, int]],
        activities: ShardActivities,
        tasks: Tasks,
    ) -> None:
        self._stores = stores
        self._runtime_of = runtime_of
        self._deliver = deliver
        self._set_timers = set_timers
        self._settling = settling
        self._activities = activities
        self._tasks = tasks
        self._senders: dict[str, asyncio.Future[None]] = {}  # done when the last letters of a sender have arrived

    async def perform(self, turns: Sequence[Turn], *, fresh: bool = False) -> None:
        """Do the views and redactions of these turns, however often it takes; their timers, letters and activities
        follow behind. `fresh`: they have just been stored.

        The views of all go to the database together. If one of them is refused, each turn answers for its own.
        """
        owed = [(turn, decode_effects(turn)) for turn in turns if turn.effects]
        setting = [self._set_timers(timers_of(*one)) if one[1].timers else None for one in owed]
        views = [_to_view(view) for _, effects in owed for view in effects.views]
        shown = not views or (len(owed) > 1 and await self._insist(partial(self._stores.views.write, views)))
        for (turn, effects), set_ in zip(owed, setting, strict=True):
            if await self._insist(partial(self._show, turn, effects, shown=shown)):
                self._follow(turn, effects, set_, fresh=fresh)

    def is_at(self, turn: Turn) -> bool:
        """Is what this turn owes being done?"""
        return turn.entity in self._senders or self._activities.keeps((turn.entity, turn.turn))

    async def _show(self, turn: Turn, effects: StoredEffects, *, shown: bool) -> None:
        if effects.views and not shown:
            await self._stores.views.write([_to_view(view) for view in effects.views])
        if effects.redact:
            await self._redact(turn.entity, effects.redact)

    async def _redact(self, entity_id: str, seqs: Sequence[int]) -> None:
        runtime = self._runtime_of(entity_id)
        if runtime is None:
            raise LookupError(entity_id)
        blobs: dict[int, bytes] = {}
        for turn in await self._stores.journal.at(entity_id, seqs):
            blobs |= runtime.codec.stripped(turn, seqs)
        if blobs:
            await self._stores.journal.redact(entity_id, blobs)

    def _follow(
        self, turn: Turn, effects: StoredEffects, setting: "asyncio.Future[None] | None", *, fresh: bool
    ) -> None:
        if effects.activities:
            more = bool(effects.letters) or setting is not None
            self._activities.keep(turn, effects.activities, fresh=fresh, more=more)
            if not more:
                return
        before = self._senders.get(turn.entity)
        arrived = self._senders[turn.entity] = asyncio.get_running_loop().create_future()
        self._tasks.spawn(self._send(turn=turn, effects=effects, before=before, arrived=arrived, setting=setting))

    async def _send(
        self,
        turn: Turn,
        effects: StoredEffects,
        before: "asyncio.Future[None] | None",
        arrived: "asyncio.Future[None]",
        setting: "asyncio.Future[None] | None",
    ) -> None:
        """The letters, after those of earlier turns of their sender; then the turn is settled."""
        try:
            if before is not None:
                await asyncio.shield(before)
            delivered = await self._deliver_to_all(turn.entity, effects.letters)
        finally:
            arrived.set_result(None)
            if self._senders.get(turn.entity) is arrived:
                del self._senders[turn.entity]
        if delivered:
            if setting is not None:
                await setting
            if effects.activities:
                self._activities.settle((turn.entity, turn.turn))
            else:
                self._settling.put([(turn.entity, turn.turn)])

    async def _deliver_to_all(self, sender: str, letters: Sequence[StoredLetter]) -> bool:
        """Each receiver's in their order. False when one met a bug."""
        receivers: dict[str, list[StoredLetter]] = {}
        for letter in letters:
            receivers.setdefault(letter.to, []).append(letter)
        mail = list(receivers.values())
        for start in range(0, len(mail), _RECEIVERS):
            some = mail[start : start + _RECEIVERS]
            if not all(await asyncio.gather(*map(partial(self._deliver_all, sender), some))):
                return False
        return True

    async def _deliver_all(self, sender: str, letters: Sequence[StoredLetter]) -> bool:
        """One receiver's, in their order. False when one met a bug."""
        for letter in letters:
            if not await self._insist(partial(self._deliver, sender, letter)):
                return False
        return True

    async def _insist(self, action: Callable[[], Awaitable[None]]) -> bool:
        """Until it is done. False when it cannot be done: the turn stays unsettled, and the log says why."""
        try:
            await retry(action, Unavailable, backoff=database_backoff())
        except Exception:  # a bug in one effect must not hold up its entity for ever  # noqa: BLE001
            _log.exception("effect.failed")
            return False
        return True


def _to_view(stored: StoredView) -> View:
    return View(
        collection=stored.collection,
        id=stored.id,
        version=stored.version,
        fields=stored.fields,
        data=stored.data,
        secret=stored.secret,
    )
