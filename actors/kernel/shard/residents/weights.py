"""The weights of heavy parts: those of a kind with `parts_bytes` share it in a shard, and go when they are idle."""

from collections.abc import Iterable

from actors.kernel.shard.residents.resident import Resident


class PartWeights:
    """Of one shard. Which residents may be touched is for the caller to know."""

    def __init__(self) -> None:
        self._of: dict[str, int] = {}  # by entity
        self._total: dict[str, int] = {}  # by kind

    def weigh(self, resident: Resident) -> bool:
        """Weigh an entity again. Answers whether its kind has too much by now."""
        kind = resident.runtime.kind
        self.forget(resident)
        if weight := sum(kind.weight(part) for part in resident.parts.values() if part is not None):
            self._of[resident.id] = weight
            self._total[kind.name] = self._total.get(kind.name, 0) + weight
        return self._total.get(kind.name, 0) > kind.parts_bytes

    def trim(self, others: Iterable[Resident], newest: Resident) -> None:
        """Those of the same kind that were not used for longest let go of theirs, until a tenth is free."""
        kind = newest.runtime.kind
        alike = [other for other in others if other.id in self._of and other.runtime.kind.name == kind.name]
        for resident in sorted(alike, key=lambda one: one.used_s):
            if self._total[kind.name] <= kind.parts_bytes * 0.9:
                return
            self._drop(resident)

    def leave(self, quiet: Iterable[Resident], now_s: float) -> None:
        """Those that are idle let go of theirs."""
        if not self._of:
            return
        for resident in quiet:
            if resident.id in self._of and resident.used_s < now_s - resident.runtime.kind.parts_idle_s:
                self._drop(resident)

    def forget(self, resident: Resident) -> None:
        """Its parts are not in memory any more."""
        if weight := self._of.pop(resident.id, 0):
            self._total[resident.runtime.kind.name] -= weight

    def clear(self) -> None:
        """Nobody's are."""
        self._of.clear()
        self._total.clear()

    def _drop(self, resident: Resident) -> None:
        resident.parts.clear()
        self.forget(resident)
