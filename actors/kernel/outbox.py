"""What a stored turn still owes the world: read models, redactions, timers, letters. A transactional outbox.

The turn carries its effects in the same document, so they are owed as soon as it is stored. Views and redactions are
done before the command is answered; timers are set and letters go out behind it. Then the turn is settled. Whatever a
crash leaves unsettled is done again by the shard's next life: every effect is idempotent.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final

from actors.kernel.codec import StoredEffects, StoredLetter, StoredView, decode_effects, timers_of
from actors.kernel.resident import Host
from actors.kernel.tasks import Tasks
from config.errors import CarewireError, Unavailable
from config.logs import get_logger
from store.journal import Stores, Timer, Turn, View

_log = get_logger(__name__)

_RETRY_S: Final = 0.2
_RECEIVERS: Final = 100  # of one turn's letters, at the same time

Courier = Callable[[StoredLetter], Awaitable[None]]
"""Submits a letter to its entity; raises `Unavailable` when that must be tried again."""

SetTimers = Callable[[Sequence[Timer]], Awaitable[None]]
"""Durable when it returns; raises `Unavailable`."""

HostOf = Callable[[str], Host | None]


class Outbox:
    """Carries out effects, however often it takes. Whatever its tasks leave undone stays owed."""

    def __init__(self, stores: Stores, host_of: HostOf, courier: Courier, set_timers: SetTimers, tasks: Tasks) -> None:
        self._stores = stores
        self._host_of = host_of
        self._courier = courier
        self._set_timers = set_timers
        self._tasks = tasks
        self._letters: dict[str, asyncio.Task[None]] = {}  # per sender, so that its letters keep their order

    async def perform(self, turns: Sequence[Turn]) -> None:
        """Do the views and redactions of these turns, however often it takes; their timers and letters follow behind.

        The views of all go to the database together, and so do the timers. If one of the views is refused, each turn
        answers for its own.
        """
        owed = [(turn, decode_effects(turn)) for turn in turns if turn.effects]
        views = [_to_view(view) for _, effects in owed for view in effects.views]
        shown = not views or (len(owed) > 1 and await self._insist(partial(self._stores.views.write, views)))
        timers = [timer for one in owed for timer in timers_of(*one)]
        setting = self._tasks.spawn(self._set(timers)) if timers else None
        for turn, effects in owed:
            if await self._insist(partial(self._show, turn, effects, shown=shown)):
                self._follow(turn, effects, setting)

    def is_sending(self, sender: str) -> bool:
        """Are letters of this entity on their way?"""
        return sender in self._letters

    async def drain(self) -> None:
        """Wait until the letters on their way have arrived."""
        while self._letters:
            await asyncio.gather(*self._letters.values(), return_exceptions=True)

    async def _show(self, turn: Turn, effects: StoredEffects, *, shown: bool) -> None:
        if effects.views and not shown:
            await self._stores.views.write([_to_view(view) for view in effects.views])
        if effects.redact:
            await self._redact(turn.entity, effects.redact)

    async def _redact(self, entity_id: str, seqs: Sequence[int]) -> None:
        host = self._host_of(entity_id)
        if host is None:
            raise LookupError(entity_id)
        blobs: dict[int, bytes] = {}
        for turn in await self._stores.journal.at(entity_id, seqs):
            blobs |= host.codec.stripped(turn, seqs)
        if blobs:
            await self._stores.journal.redact(entity_id, blobs)

    async def _set(self, timers: Sequence[Timer]) -> None:
        while True:
            try:
                await self._set_timers(timers)
            except Unavailable:
                await asyncio.sleep(_RETRY_S)
            else:
                return

    def _follow(self, turn: Turn, effects: StoredEffects, setting: "asyncio.Task[None] | None") -> None:
        before = [self._letters[turn.entity]] if turn.entity in self._letters else []
        task = self._tasks.spawn(self._send(turn, effects, before, setting if effects.timers else None))
        self._letters[turn.entity] = task
        task.add_done_callback(lambda done: self._sent(turn.entity, done))

    def _sent(self, sender: str, task: "asyncio.Task[None]") -> None:
        if self._letters.get(sender) is task:
            del self._letters[sender]

    async def _send(
        self,
        turn: Turn,
        effects: StoredEffects,
        before: Sequence["asyncio.Task[None]"],
        setting: "asyncio.Task[None] | None",
    ) -> None:
        if before:
            await asyncio.wait(before)
        if setting is not None:
            await asyncio.wait([setting])
            if setting.cancelled() or setting.exception() is not None:
                return  # it stays owed
        receivers: dict[str, list[StoredLetter]] = {}
        for letter in effects.letters:
            receivers.setdefault(letter.to, []).append(letter)
        mail = list(receivers.values())
        for start in range(0, len(mail), _RECEIVERS):
            delivered = await asyncio.gather(*map(self._deliver_all, mail[start : start + _RECEIVERS]))
            if not all(delivered):
                return
        await self._insist(partial(self._stores.journal.settle, [(turn.entity, turn.turn)]))

    async def _deliver_all(self, letters: Sequence[StoredLetter]) -> bool:
        """One receiver's, in their order. False when one cannot be delivered for good."""
        for letter in letters:
            if not await self._insist(partial(self._deliver, letter)):
                return False
        return True

    async def _deliver(self, letter: StoredLetter) -> None:
        try:
            await self._courier(letter)
        except CarewireError as error:
            if error.retryable:
                raise Unavailable(error.message) from error
            _log.warning("letter.refused", to=letter.to, code=error.code)  # the receiver will never take it

    async def _insist(self, action: Callable[[], Awaitable[None]]) -> bool:
        """Until it is done. False when it cannot be done: the turn stays unsettled, and the log says why."""
        while True:
            try:
                await action()
            except Unavailable:
                await asyncio.sleep(_RETRY_S)
            except Exception:  # a bug in one effect must not hold up its entity for ever
                _log.exception("effect.failed")
                return False
            else:
                return True


def _to_view(stored: StoredView) -> View:
    return View(stored.collection, stored.id, stored.version, stored.fields, stored.data, stored.secret)
