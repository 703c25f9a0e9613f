"""A circuit breaker (M. Nygard, "Release It!", 2007): who is down is not called, but asked now and then.

closed: calls go; `failures` of them in a row open it. open: none goes for a pause. half_open: one goes, and its end
closes the breaker or opens it again. Pure: time is an argument.
"""

from dataclasses import dataclass, field
from typing import Final, Literal

State = Literal["closed", "open", "half_open"]
_ONE: Final = 1
MANY: Final = 1 << 30


@dataclass(slots=True)
class Breaker:
    """Of one connector in one runner. `pause_s`: how long it stays open. Times are monotonic seconds."""

    failures: int
    pause_s: float
    _in_a_row: int = field(default=0, init=False)
    _open_until_s: float | None = field(default=None, init=False)
    _probing: bool = field(default=False, init=False)

    def state(self, now_s: float) -> State:
        """What it is by now."""
        if self._open_until_s is None:
            return "closed"
        return "open" if now_s < self._open_until_s else "half_open"

    def room(self, now_s: float) -> int:
        """How many calls may begin."""
        match self.state(now_s):
            case "closed":
                return MANY
            case "open":
                return 0
            case "half_open":
                return 0 if self._probing else _ONE

    def wait_s(self, now_s: float) -> float:
        """Seconds until a call may begin, as far as time alone decides it."""
        return 0.0 if self._open_until_s is None else max(0.0, self._open_until_s - now_s)

    def began(self, now_s: float) -> None:
        """A call begins."""
        self._probing = self._probing or self.state(now_s) == "half_open"

    def succeeded(self, now_s: float) -> None:
        """The partner answered, if only to refuse: it is there. What began before the breaker opened does not close
        it."""
        if self.state(now_s) != "open":
            self._in_a_row, self._open_until_s, self._probing = 0, None, False

    def failed(self, now_s: float) -> None:
        """The partner did not do its part. What began before the breaker opened, and ends after it, does not lengthen
        the pause."""
        self._in_a_row += 1
        state = self.state(now_s)
        if state == "half_open" or (state == "closed" and self._in_a_row >= self.failures):
            self.open_for(self.pause_s, now_s)
        self._probing = False

    def open_for(self, pause_s: float, now_s: float) -> None:
        """Leave the partner alone for so long at least: it asked for it, or we must be put right first."""
        self._open_until_s = max(self._open_until_s or now_s, now_s + pause_s)
        self._probing = False

    def undecided(self) -> None:
        """The call ended without telling anything of the partner."""
        self._probing = False
