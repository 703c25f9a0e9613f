"""What happens to a job. Each event carries the job as it is from then on, for lists are made of events."""

from typing import Literal

import msgspec

from actors.kernel.contract.entity import Event

State = Literal["running", "paused", "done", "failed", "cancelled"]


class JobRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A job. Times in ms. `done` of `total` (None: nobody knows) in units of its kind. `error`: why it failed, a code.

    `cursor`: from where the next step goes on. `step` numbers the steps that were asked for; `pending`: the last one
    has not been answered. `about`: what it was begun for. `every_ms`: how
    long after its beginning the next round begins (0: there is none).
    """

    kind: str
    state: State
    started: int
    done: int = 0
    total: int | None = None
    ended: int | None = None
    error: str = ""
    result: dict[str, int] = {}
    dry_run: bool = False
    cursor: str = ""
    step: int = 0
    pending: bool = False
    about: dict[str, str] = {}
    every_ms: int = 0


class JobStarted(Event, frozen=True, kw_only=True, tag="started"):
    """It began. A step is owed."""

    job: JobRecord


class JobWentOn(Event, frozen=True, kw_only=True, tag="went_on"):
    """A step was done, or dropped, or it was resumed. With `asks`, the step `job.step` is owed."""

    job: JobRecord
    asks: bool = False


class JobPaused(Event, frozen=True, kw_only=True, tag="paused"):
    """No further step begins."""

    job: JobRecord


class JobEnded(Event, frozen=True, kw_only=True, tag="ended"):
    """It is done, has failed, or was cancelled."""

    job: JobRecord


JobEvent = JobStarted | JobWentOn | JobPaused | JobEnded
"""All of them."""
