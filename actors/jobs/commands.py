"""What can be asked of a job. Who may is for the policy to say, at the door."""

from actors.jobs.events import Job
from actors.kernel.contract.entity import Command


class StartJob(Command[Job], frozen=True, kw_only=True, tag="start"):
    """Begin work of this kind; with `dry_run`, only count what would be done."""

    kind: str
    dry_run: bool = False


class GetJob(Command[Job], frozen=True, tag="get"):
    """How it stands."""


class PauseJob(Command[Job], frozen=True, tag="pause"):
    """Begin no further step."""


class ResumeJob(Command[Job], frozen=True, tag="resume"):
    """Go on where it stands."""


class CancelJob(Command[Job], frozen=True, tag="cancel"):
    """End it. What is done stays done."""


JobCommand = StartJob | GetJob | PauseJob | ResumeJob | CancelJob
"""All of them."""
