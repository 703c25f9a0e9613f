"""Turns that are kept for what they owe, and settled when all of it is done."""

from typing import Final

from actors.kernel.effects.timers import TurnKey
from actors.kernel.lib.writes import WriteBatcher

REST: Final = b""  # stands for what a turn owes besides its activities


class KeptTurns:
    """See the module. What a turn owes are marks of activities, and `REST`."""

    def __init__(self, settling: WriteBatcher[TurnKey]) -> None:
        self._settling = settling
        self._owed: dict[TurnKey, set[bytes]] = {}

    def __contains__(self, key: TurnKey) -> bool:
        return key in self._owed

    def keep(self, key: TurnKey, what: bytes) -> None:
        """It is not to be settled before this is done."""
        self._owed.setdefault(key, set()).add(what)

    def done(self, key: TurnKey, what: bytes) -> None:
        """This is done. A turn that is not kept here is somebody else's to settle."""
        owed = self._owed.get(key)
        if owed is None:
            return
        owed.discard(what)
        if not owed:
            del self._owed[key]
            self._settling.put([key])

    def forget(self, key: TurnKey) -> None:
        """It is somebody else's."""
        self._owed.pop(key, None)

    def clear(self) -> None:
        """All are."""
        self._owed.clear()
