"""The messages between the supervisor and its driver, pickled, over two pipes that nobody else has."""

import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

from config.settings import Settings


@dataclass(frozen=True, slots=True)
class SupervisorOrder:
    """First the settings with which to start Ray, then those with which to deploy (the database's URL is in them)."""

    settings: Settings
    scratch: Path


@dataclass(frozen=True, slots=True)
class DriverReport:
    """The progress of the driver. `waiting` and `failed` carry a line for the operator."""

    stage: Literal["ray", "waiting", "ready", "failed"]
    message: str = ""


class Orders:
    """The driver's end of the pipes. The end of stdin means: stop."""

    def __init__(self, orders: BinaryIO, reports: BinaryIO) -> None:
        self._orders, self._reports = orders, reports

    def next(self) -> SupervisorOrder | None:
        """The next order; None to stop."""
        try:
            order: SupervisorOrder = pickle.load(self._orders)  # from our parent, through a pipe that nobody else has  # noqa: S301
        except EOFError:
            return None
        return order

    def report(self, report: DriverReport) -> None:
        """Tell the supervisor."""
        self._reports.write(pickle.dumps(report))
        self._reports.flush()
