"""A step of a job, as the connector `jobs` gets it, and what came of it."""

from typing import Final

import msgspec

CONNECTOR: Final = "jobs"


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """Go on with a job of this `kind`, from where `cursor` (of the last step; "": the beginning) says.

    `done` and `result` are what there is behind it. `dry_run`: count what would be done, and do nothing. `about`: what
    it was begun for; `job`: its id; `started`: when this round of it began, in ms.
    """

    kind: str
    cursor: str = ""
    done: int = 0
    result: dict[str, int] = {}
    dry_run: bool = False
    about: dict[str, str] = {}
    job: str = ""
    started: int = 0


class StepDone(msgspec.Struct, frozen=True, kw_only=True):
    """How far the job has come. `cursor`: from where the next step goes on; "": there is nothing left to do.

    `done` counts from the beginning of the job, towards `total` where that is known. `result`: figures for people, of
    the whole job so far.
    """

    cursor: str
    done: int
    total: int | None = None
    result: dict[str, int] = {}
