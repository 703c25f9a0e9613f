"""An assignment as data: what its entity keeps, and every event of it carries; and as people see it. Answers, titles
and words are in neither: they are sealed, under the client's key (`contents.py`)."""

from typing import Final, Literal

import msgspec

Status = Literal["assigned", "in_progress", "submitted", "reviewed", "reopened", "cancelled"]
Late = Literal["accept", "flag", "refuse"]
Sharing = Literal["off", "completion", "times"]
Stop = Literal["clarification", "care"]
WORKING: Final = frozenset(("assigned", "in_progress", "reopened"))
"""States in which its document may be changed."""


class Due(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """When it is due: what the wall shows in `zone`, and the instant that this is (ms). `asked`: the zone as it was
    asked for (`client`: wherever they are)."""

    date: str
    time: str
    asked: str
    zone: str
    at: int
    moved: int = 0  # ms by which clocks that stood have put it off


class Extension(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A later due time. `said`: the number of the event whose secret is the reason (0: none)."""

    due: int
    by: str
    at: int
    said: int = 0


class Handed(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A submission. `seq`: the number of the event that holds it."""

    id: str
    version: int
    attempt: int
    at: int
    late: bool
    seq: int
    by: str
    authored: int = 0  # when an imported one was written


class AssignmentProgress(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """How far the client is. `seconds`: spent, where times are shared. `told`: when who has joined was told last."""

    answered: int
    required: int
    visible: int
    percent: int
    seconds: int = 0
    at: int = 0
    told: int = 0


class AssignmentRecord(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """An assignment at one moment. Times in ms; 0: none.

    `attempts`: how many were allowed (0: nobody said). `stops`: why its clock stands, since `stopped`. `remind`:
    minutes before the due time.
    """

    id: str
    worksheet: str
    worksheet_version: int
    client: str
    therapist: str
    status: Status
    created: int
    updated: int
    attempt: int = 1
    due: Due | None = None
    late: Late = "flag"
    grace: int = 0
    overdue: bool = False
    stops: tuple[Stop, ...] = ()
    stopped: int = 0
    extensions: tuple[Extension, ...] = ()
    attempts: int = 0
    collaboration: bool = True
    sharing: Sharing = "off"
    progress: AssignmentProgress | None = None
    submissions: tuple[Handed, ...] = ()
    series: str = ""
    booking: str = ""
    room: str = ""
    open_clarifications: int = 0
    feedback: int = 0
    remind: tuple[int, ...] = ()
    instrument: str = ""
    source: str = ""  # "import": it came with its answers
    began: int = 0  # when somebody first wrote in this attempt
    private_feedback: int = 0
    deed: str = ""  # what was last done about it, by the name of whoever asked: repeated, it is done
    written: int = 0  # the number of its document's last event by then

    @property
    def working(self) -> bool:
        """May its document be changed?"""
        return self.status in WORKING

    @property
    def current(self) -> Handed | None:
        """The submission of this attempt."""
        return next((one for one in reversed(self.submissions) if one.attempt == self.attempt), None)


class Note(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Feedback without its words, which are the secret of the event `said`."""

    id: str
    version: int
    author: str
    private: bool
    created: int
    edited: int
    said: int
    field: str = ""
    start: int = -1
    end: int = -1
    key: str = ""  # names it to its author


class ClarificationWords(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Something said in a clarification: the secret of the event `said`."""

    author: str
    at: int
    said: int
    key: str = ""  # names it to its author


class Clarification(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A question and what was answered."""

    id: str
    field: str
    state: Literal["open", "answered", "resolved"]
    posts: tuple[ClarificationWords, ...]


class Card(msgspec.Struct, frozen=True, array_like=True):
    """A block of a message that stands for the assignment."""

    room: str
    message: str
    block: str
