"""The way into a shard: items of batches, letters and timers that are due are queued for their entities, or answered at
once where that cannot be."""

import msgspec

from actors.kernel.contract import protocol
from actors.kernel.contract.answers import INTERNAL, failure
from actors.kernel.contract.callers import TurnCaller, WaitingCommand
from actors.kernel.contract.commands import command_id_of
from actors.kernel.contract.entity import SYSTEM
from actors.kernel.contract.partitions import partition_of
from actors.kernel.effects.group import ShardEffects
from actors.kernel.effects.inbox import DueTimer, LocalLetter
from actors.kernel.effects.timers import TimerScheduler
from actors.kernel.shard.context import ShardContext
from actors.kernel.shard.ownership import Ownership
from actors.kernel.shard.residents.residents import Residents
from common.errors import Overloaded, Unavailable
from common.logs import get_logger
from store.ports.timers import Timer

_log = get_logger(__name__)


class Intake:
    """Queues commands for the entities of one shard."""

    def __init__(
        self, context: ShardContext, residents: Residents, ownership: Ownership, effects: ShardEffects
    ) -> None:
        self._context = context
        self._residents = residents
        self._ownership = ownership
        self._timers = effects.timers
        self._inbox = effects.inbox

    async def run(self) -> None:
        """Take what the shard asks of its own entities; until cancelled."""
        while True:
            request = await self._inbox.take()
            try:
                self._take(request)
            except Exception:  # a bug must cost its sender an answer, not the others the shard  # noqa: BLE001
                _log.exception("request.failed")
                if isinstance(request, LocalLetter):
                    request.sender.answer(failure(request.item.correlation_id, INTERNAL, 0))
                else:
                    self._timers.again(request.timer)

    def _take(self, request: DueTimer | LocalLetter) -> None:
        if isinstance(request, DueTimer):
            self._fire(request.timer, unchecked=request.unchecked)
        else:
            self.accept(request.sender, request.item)

    def accept(self, caller: TurnCaller, item: protocol.BatchItem) -> None:
        """Queue one item, or answer it at once when it cannot be queued."""
        runtime = self._context.runtime_of(item.entity)
        if runtime is None or not self._ownership.owns(partition_of(item.entity)):
            caller.answer(protocol.ItemAnswer(correlation_id=item.correlation_id, code=protocol.MOVED))
            return
        try:
            command = runtime.decode_item(item.command)
        except msgspec.MsgspecError:
            _log.error("command.unreadable", entity=item.entity, trace=item.trace)
            caller.answer(failure(item.correlation_id, INTERNAL, 0))
            return
        if self._residents.waiting >= self._context.settings.max_queued:
            self._refuse(caller, item, 0)
            return
        resident = self._residents.find_or_add(item.entity, runtime)
        if len(resident.mailbox) >= self._context.settings.max_queued_per_entity:
            self._refuse(caller, item, resident.version)
            return
        submission = WaitingCommand(
            caller=caller,
            correlation_id=item.correlation_id,
            command_id=item.command_id,
            command=command,
            by=item.by,
            deadline_s=self._context.clock.monotonic_s() + item.patience_ms / 1000,
            trace=item.trace,
            listen=item.listen,
            again=item.again,
            unread=item.unread,
            unchecked=item.named or item.again,
        )
        self._residents.enqueue(resident, submission)

    def _refuse(self, caller: TurnCaller, item: protocol.BatchItem, version: int) -> None:
        self._context.metrics.overloaded.inc()
        error = Overloaded("The server is busy. Please try again in a moment.", retry_after_s=1.0)
        caller.answer(failure(item.correlation_id, error, version))

    def _fire(self, timer: Timer, *, unchecked: bool) -> None:
        """A timer is due: its command is submitted like any other."""
        runtime = self._context.runtime_of(timer.entity)
        if runtime is None or not self._ownership.owns(timer.partition):
            self._timers.again(timer)  # it may come back to us
            return
        try:
            command = runtime.decode_command(timer.command)
        except msgspec.MsgspecError:
            _log.error("timer.unreadable", entity=timer.entity)
            self._timers.give_up(timer)  # it stays as it is, for a version that can read it
            return
        submission = WaitingCommand(
            caller=_TimerCaller(self._timers, timer),
            correlation_id=0,
            command_id=command_id_of(timer.entity, timer.id),
            command=command,
            by=SYSTEM,
            deadline_s=float("inf"),
            again=True,
            unread=True,
            unchecked=unchecked,
        )
        self._residents.enqueue(self._residents.find_or_add(timer.entity, runtime), submission)


class _TimerCaller:
    """The shard itself as the caller of a timer's command."""

    def __init__(self, timers: TimerScheduler, timer: Timer) -> None:
        self._timers = timers
        self._timer = timer

    def answer(self, answer: protocol.ItemAnswer) -> None:
        """Carried out or refused, it is over; unless the refusal was ours, or it met a bug."""
        if answer.code in (Unavailable.code, Overloaded.code, protocol.MOVED):
            self._timers.again(self._timer)
        elif answer.code == INTERNAL.code:
            self._timers.failed(self._timer)
        else:
            self._timers.done(self._timer)

    def listen(self, topic: str, version: int) -> None:
        """A timer listens to nothing."""
