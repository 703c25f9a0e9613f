"""Which shard is asked for the one call that a half-open breaker allows: one at a time, and in turn.

Those that are known to have any come first. Pure.
"""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Probes:
    """Of one connector."""

    _has_some: dict[str, bool] = field(default_factory=dict)
    _asked: dict[str, int] = field(default_factory=dict)  # at which turn it was asked last
    _turn: int = 0
    _asking: str = ""

    def may_ask(self, shard: str, has_some: bool) -> bool:
        """Is it this one's turn? Then no other one is asked until it has answered."""
        self._has_some[shard] = has_some
        if self._asking:
            return self._asking == shard
        candidates = [one for one, some in self._has_some.items() if some] or list(self._has_some)
        if shard != min(candidates, key=lambda one: self._asked.get(one, 0)):
            return False
        self._turn += 1
        self._asked[shard], self._asking = self._turn, shard
        return True

    def is_asked(self, shard: str) -> bool:
        """Is it the one that is being asked?"""
        return self._asking == shard

    def answered(self, shard: str) -> None:
        """It has given what it has."""
        if self._asking == shard:
            self._asking = ""

    def forget(self, shard: str) -> None:
        """It is there no more."""
        self.answered(shard)
        self._has_some.pop(shard, None)
        self._asked.pop(shard, None)
