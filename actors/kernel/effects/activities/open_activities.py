"""The activities that a shard has in memory, by their ids, and counted by connector."""

from collections import Counter
from collections.abc import Iterator, Mapping

from actors.kernel.contract.protocol import Level
from actors.kernel.effects.activities.activity_lines import OpenActivity
from store.ports.activities import State


class OpenActivities:
    """See the module. Of some there is a document as well: `counts` are of all documents, by connector and state."""

    def __init__(self) -> None:
        self._open: dict[bytes, OpenActivity] = {}
        self._here: Counter[str] = Counter()
        self._filed: Counter[tuple[str, State]] = Counter()  # those of them that have a document

    def __iter__(self) -> Iterator[OpenActivity]:
        return iter(list(self._open.values()))

    def __contains__(self, activity: OpenActivity) -> bool:
        return self._open.get(activity.id) is activity

    def find(self, id_: bytes) -> OpenActivity | None:
        """The one of this id."""
        return self._open.get(id_)

    def of(self, connector: str) -> int:
        """The number of activities of this connector."""
        return self._here[connector]

    def add(self, activity: OpenActivity) -> None:
        """It is open."""
        self._open[activity.id] = activity
        self._here[activity.activity.connector] += 1
        if activity.filed:
            self._filed[activity.activity.connector, activity.filed] += 1

    def remove(self, activity: OpenActivity) -> None:
        """It is so no more."""
        del self._open[activity.id]
        self._here[activity.activity.connector] -= 1
        if activity.filed:
            self._filed[activity.activity.connector, activity.filed] -= 1

    def file(self, activity: OpenActivity, state: State) -> None:
        """It has a document, or is about to."""
        if activity.filed:
            self._filed[activity.activity.connector, activity.filed] -= 1
        self._filed[activity.activity.connector, state] += 1
        activity.filed = state

    def clear(self) -> None:
        """None is."""
        self._open.clear()
        self._here.clear()
        self._filed.clear()

    def levels(self, counts: Mapping[tuple[str, State], int]) -> dict[str, Level]:
        """The numbers of activities that wait (or are being tried), are parked, and are dead, by connector."""
        return {
            name: Level(
                self._here[name] - self._filed[name, "dead"],
                max(0, counts.get((name, "parked"), 0) - self._filed[name, "parked"]),
                counts.get((name, "dead"), 0),
            )
            for name in {*self._here, *(name for name, _ in counts)}
        }

    def figures(self, counts: Mapping[tuple[str, State], int], now_ms: int) -> dict[str, dict[str, float]]:
        """The same for people, with the age of the oldest one in memory."""
        oldest_ms = self.oldest_ms()
        return {
            name: {
                "waiting": level.waiting,
                "parked": level.parked,
                "dead": level.dead,
                "oldest_s": max(0, now_ms - oldest_ms.get(name, now_ms)) / 1000,
            }
            for name, level in self.levels(counts).items()
        }

    def oldest_ms(self) -> dict[str, int]:
        """When the oldest one that is not dead was made, by connector."""
        oldest: dict[str, int] = {}
        for one in self._open.values():
            if one.filed != "dead":
                name = one.activity.connector
                oldest[name] = min(one.created_at_ms, oldest.get(name, one.created_at_ms))
        return oldest
