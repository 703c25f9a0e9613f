"""A bounded dictionary for what may be forgotten at any time. Forgetting costs nothing, and nothing is kept in order:
there are two generations, and when the younger one has half of what is allowed, the older one goes as a whole.
"""

from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class BoundedCache(Generic[K, V]):
    """Holds at most `most`, counted in whatever unit its entries are weighed. An entry outlives the next `turn`."""

    __slots__ = ("_half", "_old", "_old_weight", "_young", "_young_weight")

    def __init__(self, most: int) -> None:
        self._half = most // 2
        self._young: dict[K, V] = {}
        self._old: dict[K, V] = {}
        self._young_weight = self._old_weight = 0

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    @property
    def weight(self) -> int:
        """Of all that is held."""
        return self._young_weight + self._old_weight

    def get(self, key: K) -> V | None:
        """The value, unless it has been forgotten."""
        value = self._young.get(key)
        return value if value is not None else self._old.get(key)

    def put(self, key: K, value: V, weight: int = 1) -> None:
        """Hold it for a while. What alone weighs more than half of all that may be is not held."""
        if weight > self._half:
            return
        if self._young_weight + weight > self._half:
            self.turn()
        self._young[key] = value
        self._young_weight += weight

    def turn(self) -> None:
        """Forget the older generation; the younger one is the older one now."""
        self._old, self._old_weight = self._young, self._young_weight
        self._young, self._young_weight = {}, 0
