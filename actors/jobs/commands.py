"""What can be asked of a job. Who may is for the policy to say, at the door."""

from actors.jobs.events import JobRecord
from actors.kernel.contract.entity import Command


class StartJob(Command[JobRecord], frozen=True, kw_only=True, tag="start"):
    """Begin work of this kind; with `dry_run`, only count what would be done. `about`: on what, in ids and times.
    `every_ms`: once it is over, another round begins so long after its beginning; 0: none does."""

    kind: str
    dry_run: bool = False
    about: dict[str, str] = {}
    every_ms: int = 0


class BeginAgain(Command[JobRecord], frozen=True, tag="again"):
    """A timer: the next round, of a job whose last one began at `started`."""

    started: int


class GetJob(Command[JobRecord], frozen=True, tag="get"):
    """How it stands."""


class PauseJob(Command[JobRecord], frozen=True, tag="pause"):
    """Begin no further step."""


class ResumeJob(Command[JobRecord], frozen=True, tag="resume"):
    """Go on where it stands."""


class CancelJob(Command[JobRecord], frozen=True, tag="cancel"):
    """End it. What is done stays done."""


JobCommand = StartJob | BeginAgain | GetJob | PauseJob | ResumeJob | CancelJob
"""All of them."""
