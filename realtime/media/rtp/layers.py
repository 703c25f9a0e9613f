"""Which layer of a simulcast each slot of a receiver gets, by what its link carries (REMB)."""

from dataclasses import dataclass
from typing import Final, NamedTuple

UP_AFTER_S: Final = 5.0  # of room
TRIAL_S: Final = 2.0  # in which an estimate may follow a step up, as it grows with what arrives
MOST_PATIENCE_S: Final = 60.0  # before the next try, after tries that failed
ROOM: Final = 1.2  # times what is sent: the estimate has room
RISES: Final = 1.02  # times the estimate before it
NOMINAL_BPS: Final = (150_000, 500_000, 1_500_000)  # of a layer that is not measured yet


class Demand(NamedTuple):
    """A slot that is to be served: what each of its layers takes, from the smallest, and the highest that is wanted."""

    slot: str
    rates_bps: tuple[float, ...]
    most: int


@dataclass(slots=True)
class _Try:
    at: float
    estimate: float


class Chooser:
    """One receiver's. Down at once, up step by step."""

    def __init__(self) -> None:
        self.estimate_bps: float | None = None
        self._rising = False
        self._layers: dict[str, int] = {}
        self._most: dict[str, int] = {}
        self._room_since: float | None = None
        self._try: _Try | None = None
        self._patience_s = UP_AFTER_S

    def heard(self, bps: float) -> None:
        """The receiver says that this much can come.

        It says at most half as much again as what came lately. So one that rises follows what is sent, however low it
        still is; one that does not says what the link carries.
        """
        self._rising = self.estimate_bps is not None and bps > self.estimate_bps * RISES
        self.estimate_bps = bps

    def choose(self, demands: list[Demand], now: float) -> dict[str, int]:
        """The layer of each slot, in the order of their importance."""
        layers = {each.slot: self._before(each) for each in demands}
        self._most = {each.slot: each.most for each in demands}
        if self.estimate_bps is not None and demands:
            enough_for_all = NOMINAL_BPS[0] * len(demands)  # a still picture's stream is too thin to be estimated
            layers = self._within(demands, layers, max(self.estimate_bps, enough_for_all), now)
        self._layers = layers
        return dict(layers)

    def _before(self, demand: Demand) -> int:
        """What it had; all that is wanted where more is wanted than before."""
        if self._most.get(demand.slot, -1) < demand.most:
            return demand.most
        return min(self._layers[demand.slot], demand.most)

    def _within(self, demands: list[Demand], layers: dict[str, int], budget: float, now: float) -> dict[str, int]:
        sent = sum(each.rates_bps[layers[each.slot]] for each in demands)
        if budget < sent and not self._rising and not self._on_trial(now):
            self._failed(now)
            return _fitted(demands, layers, budget)
        if budget < sent * ROOM or all(layers[each.slot] == each.most for each in demands):
            self._room_since = None
        elif self._room_since is None:
            self._room_since = now
        elif now - self._room_since >= self._patience_s:
            lowest = min(demands, key=lambda each: (layers[each.slot] == each.most, layers[each.slot]))
            self._try, self._room_since = _Try(now, self.estimate_bps or budget), None
            return {**layers, lowest.slot: layers[lowest.slot] + 1}
        return layers

    def _on_trial(self, now: float) -> bool:
        """After a step up only an estimate that falls says that the step was too far."""
        if self._try is None or self.estimate_bps is None:
            return False
        return now - self._try.at < TRIAL_S and self.estimate_bps >= 0.9 * self._try.estimate

    def _failed(self, now: float) -> None:
        if self._try is not None and now - self._try.at < 2 * UP_AFTER_S:
            self._patience_s = min(2 * self._patience_s, MOST_PATIENCE_S)
        elif self._try is not None:
            self._patience_s = UP_AFTER_S
        self._try = self._room_since = None


def _fitted(demands: list[Demand], layers: dict[str, int], budget: float) -> dict[str, int]:
    """The highest that fit, the first demand first; nobody gets less than the lowest, or more than before."""
    left = budget - sum(each.rates_bps[0] for each in demands)
    fitted = {}
    for each in demands:
        layer = 0
        for candidate in range(1, layers[each.slot] + 1):
            if each.rates_bps[candidate] - each.rates_bps[0] <= left:
                layer = candidate
        left -= each.rates_bps[layer] - each.rates_bps[0]
        fitted[each.slot] = layer
    return fitted
