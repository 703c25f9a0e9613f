"""The effects of a shard's turns, put together: outbox, timers, letters, and the recovery of what was left undone."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from actors.kernel.effects.activities.activities import ShardActivities
from actors.kernel.effects.activities.activity_endings import ActivityEndings
from actors.kernel.effects.activities.activity_loads import ActivityLoads
from actors.kernel.effects.activities.activity_operators import ActivityOperators
from actors.kernel.effects.activities.runners import Runners
from actors.kernel.effects.inbox import ShardInbox
from actors.kernel.effects.letters import LetterRouter
from actors.kernel.effects.outbox import Outbox, RuntimeOf
from actors.kernel.effects.postman import Courier, Postman
from actors.kernel.effects.recovery import EffectRecovery
from actors.kernel.effects.timers import TimerScheduler, TurnKey
from actors.kernel.lib.writes import WriteBatcher, batch_writes
from common.clock import Clock
from common.lib.tasks import Tasks
from store.ports.stores import Stores


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardEffects:
    """The parts that carry out effects. Commands to the shard's own entities is put into `inbox`."""

    inbox: ShardInbox
    outbox: Outbox
    postman: Postman
    timers: TimerScheduler
    recovery: EffectRecovery
    activities: ShardActivities
    endings: ActivityEndings
    operators: ActivityOperators
    runners: Runners

    def clear(self) -> None:
        """The lease is void: the database keeps what is owed."""
        self.inbox.clear()
        self.timers.clear()
        self.activities.clear()
        self.runners.clear()

    def hand_off(self, partitions: frozenset[int]) -> None:
        """These are somebody else's now."""
        self.timers.hand_off(partitions)
        self.activities.hand_off(partitions)

    def time_moved(self) -> None:
        """The platform's time has jumped: what is due by now is looked at."""
        self.timers.time_moved()
        self.activities.time_moved()

    def sweep(self) -> None:
        """Once a second."""
        self.activities.sweep()
        self.endings.sweep()
        self.runners.sweep()


def shard_effects(
    stores: Stores,
    *,
    runtime_of: RuntimeOf,
    partitions: Callable[[], list[int]],
    kinds: Collection[str],
    is_ours: Callable[[str], bool],
    serving: Callable[[], bool],
    courier: Courier,
    patience_s: float,
    keep_s: float,
    clock: Clock,
    tasks: Tasks,
) -> ShardEffects:
    """Build them. `courier` takes letters to other shards; `patience_s` is how long a neighbour may take to answer,
    `keep_s` how long an activity is tried before it is put off."""
    inbox = ShardInbox()
    settling: WriteBatcher[TurnKey] = batch_writes(stores.journal.settle, tasks)
    router = LetterRouter(is_ours, inbox, courier, patience_s=patience_s)
    activities = ShardActivities(
        stores,
        settling,
        keep_s=keep_s,
        clock=clock,
        tasks=tasks,
        serving=serving,
        partitions=partitions,
        kinds=kinds,
        is_ours=is_ours,
    )
    loads = ActivityLoads(activities, stores, clock=clock, tasks=tasks, partitions=partitions, kinds=kinds)
    endings = ActivityEndings(
        activities,
        stores,
        inbox,
        clock=clock,
        tasks=tasks,
        partitions=partitions,
        kinds=kinds,
        patience_s=patience_s,
    )
    counted = activities.file.letters_counted
    postman = Postman(stores.activities, stores.vault, router.send, clock, kinds=kinds, counted=counted)
    timers = TimerScheduler(stores.timers, settling, inbox, clock=clock, tasks=tasks, bury=postman.bury)
    outbox = Outbox(
        stores,
        postman.deliver,
        timers.set,
        runtime_of=runtime_of,
        settling=settling,
        activities=activities,
        tasks=tasks,
    )
    recovery = EffectRecovery(
        stores.journal, outbox, activities, clock, serving=serving, partitions=partitions, runtime_of=runtime_of
    )
    return ShardEffects(
        inbox=inbox,
        outbox=outbox,
        postman=postman,
        timers=timers,
        recovery=recovery,
        activities=activities,
        endings=endings,
        operators=ActivityOperators(
            activities, stores, clock=clock, partitions=partitions, kinds=kinds, loads=loads, endings=endings
        ),
        runners=Runners(activities, clock, keep_s=keep_s, serving=serving, loads=loads, endings=endings),
    )
