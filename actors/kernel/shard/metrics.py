"""Metrics of a shard. Labels are bounded: the shard's name, an outcome, never an id."""

from collections.abc import Sequence
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from actors.kernel.lib.buckets import SECONDS
from actors.kernel.shard.residents.resident import TurnDraft
from store.ports.journal import Outcome

_SIZES: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)


class ShardMetrics:
    """Metrics of one shard, in a registry of its own."""

    def __init__(self, shard: str) -> None:
        self.registry = CollectorRegistry()
        r = self.registry
        self.shard = shard
        self._turn_commands = Histogram("carewire_turn_commands", "Commands in a turn.", buckets=_SIZES, registry=r)
        self._turn_s = Histogram(
            "carewire_turn_seconds", "Duration of a turn, decision to answer.", buckets=SECONDS, registry=r
        )
        self.journal_s = Histogram(
            "carewire_journal_append_seconds", "Duration of a group commit.", buckets=SECONDS, registry=r
        )
        self._events = Counter("carewire_events_stored", "Events handed to the journal.", registry=r)
        self.overloaded = Counter(
            "carewire_commands_overloaded", "Commands refused because queues were full.", registry=r
        )
        self.answers_refused = Counter(
            "carewire_activity_answers_refused", "Answers to activities that their entity refused.", registry=r
        )
        self._counters: dict[str, Counter] = {}
        self._not_stored = Counter(
            "carewire_turns_not_stored", "Turns that were refused (fenced) or unknown.", ["outcome"], registry=r
        )
        self._entities = Gauge("carewire_entities_active", "Entities in memory.", registry=r)
        self._queued = Gauge("carewire_commands_queued", "Commands that wait for their turn.", registry=r)
        self._subscribers = Gauge("carewire_subscribers", "Subscribers of the shard.", registry=r)
        self._buffered = Gauge("carewire_buffered_bytes", "Deliveries that wait to be fetched.", registry=r)
        self._serving = Gauge("carewire_shard_serving", "1 while the shard holds its lease.", registry=r)

    def turn(self, drafts: Sequence[TurnDraft], duration_s: float) -> None:
        """A turn is over."""
        self._turn_commands.observe(sum(len(draft.decided) for draft in drafts))
        self._turn_s.observe(duration_s)
        self._events.inc(sum(len(draft.events) for draft in drafts if draft.turn is not None))
        for draft in drafts:
            for name, reason in draft.counted if draft.turn is not None else ():
                self._counter(name).labels(reason).inc()

    def _counter(self, name: str) -> Counter:
        if (found := self._counters.get(name)) is None:
            text = f"Events of {name.replace('_', ' ')}."
            found = self._counters[name] = Counter(f"carewire_{name}", text, ["reason"], registry=self.registry)
        return found

    def not_stored(self, outcome: Outcome) -> None:
        """A turn must be decided again."""
        self._not_stored.labels(outcome.name.lower()).inc()

    def levels(self, stats: dict[str, object]) -> None:
        """Present levels, from `Shard.stats`."""
        self._entities.set(float(str(stats["entities"])))
        self._queued.set(float(str(stats["queued"])))
        self._subscribers.set(float(str(stats["subscribers"])))
        self._buffered.set(float(str(stats["buffered_bytes"])))
        self._serving.set(1.0 if stats["serving"] else 0.0)
