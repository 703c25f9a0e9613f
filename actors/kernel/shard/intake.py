"""What comes in for the entities of a shard: items of batches, letters, timers that are due. Each is queued for its
entity, or answered at once when it cannot be."""

from collections.abc import Callable
from typing import Any, Final

import msgspec

from actors.kernel.contract import protocol
from actors.kernel.contract.answers import INTERNAL, failure
from actors.kernel.contract.callers import Caller, Submission
from actors.kernel.contract.commands import command_id_of
from actors.kernel.contract.entity import SYSTEM, Attach
from actors.kernel.contract.partitions import partition_of
from actors.kernel.effects.timers import TimerScheduler
from actors.kernel.history.runtime import KindRuntime
from actors.kernel.shard.metrics import ShardMetrics
from actors.kernel.shard.ownership import Ownership
from actors.kernel.shard.residents import Residents
from common.clock import Clock
from common.errors import Overloaded, Unavailable
from common.logs import get_logger
from config.settings import KernelSettings
from store.ports.timers import Timer

_log = get_logger(__name__)
_decode_attach: Final = msgspec.msgpack.Decoder(Attach).decode
_ATTACH_TAG: Final = b"\x83\xa4type\xadkernel.attach"  # how msgpack of an `Attach` begins


class Intake:
    """Of one shard. `host_of` finds the kind of an entity."""

    def __init__(
        self,
        residents: Residents,
        ownership: Ownership,
        alarms: TimerScheduler,
        *,
        host_of: Callable[[str], KindRuntime | None],
        settings: KernelSettings,
        clock: Clock,
        metrics: ShardMetrics,
    ) -> None:
        self._residents = residents
        self._ownership = ownership
        self._alarms = alarms
        self._host_of = host_of
        self._settings = settings
        self._clock = clock
        self._metrics = metrics

    def accept(self, caller: Caller, item: protocol.Item) -> None:
        """Queue one item, or answer it at once when it cannot be queued."""
        host = self._host_of(item.entity)
        if host is None or not self._ownership.owns(partition_of(item.entity)):
            caller.answer(protocol.Answer(item.correlation_id, protocol.MOVED))
            return
        try:
            command = _decode_command(host, item.command)
        except msgspec.MsgspecError:
            _log.error("command.unreadable", entity=item.entity, trace=item.trace)
            caller.answer(failure(item.correlation_id, INTERNAL, 0))
            return
        if self._residents.waiting >= self._settings.max_queued:
            self._refuse(caller, item, 0)
            return
        resident = self._residents.find_or_add(item.entity, host)
        if len(resident.mailbox) >= self._settings.max_queued_per_entity:
            self._refuse(caller, item, resident.version)
            return
        submission = Submission(
            caller,
            item.correlation_id,
            item.command_id,
            command,
            item.by,
            self._clock.monotonic_s() + item.patience_ms / 1000,
            item.trace,
            item.listen,
            again=item.again,
            unchecked=item.named or item.again,
        )
        self._residents.enqueue(resident, submission)

    def _refuse(self, caller: Caller, item: protocol.Item, version: int) -> None:
        self._metrics.overloaded.inc()
        error = Overloaded("The server is busy. Please try again in a moment.", retry_after_s=1.0)
        caller.answer(failure(item.correlation_id, error, version))

    def fire(self, timer: Timer, unchecked: bool) -> None:
        """A timer is due: its command is submitted like any other."""
        host = self._host_of(timer.entity)
        if host is None or not self._ownership.owns(timer.partition):
            self._alarms.again(timer)  # it may come back to us
            return
        try:
            command = host.decode_command(timer.command)
        except msgspec.MsgspecError:
            _log.error("timer.unreadable", entity=timer.entity)
            return
        submission = Submission(
            _TimerCaller(self._alarms, timer),
            0,
            command_id_of(timer.entity, timer.id),
            command,
            SYSTEM,
            float("inf"),
            again=True,
            unchecked=unchecked,
        )
        self._residents.enqueue(self._residents.find_or_add(timer.entity, host), submission)


class _TimerCaller:
    """The shard itself as the caller of a timer's command."""

    def __init__(self, alarms: TimerScheduler, timer: Timer) -> None:
        self._alarms = alarms
        self._timer = timer

    def answer(self, answer: protocol.Answer) -> None:
        """Carried out or refused, it is over; unless the refusal was ours."""
        if answer.code in (Unavailable.code, Overloaded.code, protocol.MOVED):
            self._alarms.again(self._timer)
        else:
            self._alarms.done(self._timer)

    def listen(self, topic: str, version: int) -> None:
        """A timer listens to nothing."""


def _decode_command(host: KindRuntime, packed: bytes) -> Any:
    """A command of the kind, or the kernel's own `Attach`. Raises msgspec.MsgspecError."""
    return _decode_attach(packed) if packed.startswith(_ATTACH_TAG) else host.decode_command(packed)
