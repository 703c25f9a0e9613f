"""Cases and what belongs to them as their entities keep them. Words lie sealed in events of the case, and are read by
number."""

from typing import Final, Literal

import msgspec

Reason = Literal["harassment", "threat", "self_harm", "sexual", "privacy", "spam", "fraud", "other"]
Severity = Literal["normal", "high", "emergency"]
CaseOf = Literal["report", "held", "crisis", "appeal"]
CaseState = Literal["open", "assigned", "closing", "closed"]
Outcome = Literal["action_taken", "no_action", "upheld", "refused"]
Deed = Literal["warn", "delete_message", "restrict", "remove_member", "close_conversation", "raise_emergency"]
Scope = Literal["message", "room", "call", "booking", "file"]
HeldState = Literal["held", "released", "rejected"]
SEVERITIES: Final[tuple[Severity, ...]] = ("normal", "high", "emergency")
GRAVE: Final[frozenset[Reason]] = frozenset({"threat", "self_harm", "sexual"})
MOST_LINES: Final = 300


class ChainLine(msgspec.Struct, frozen=True, array_like=True):
    """What happened in a case, when (ms), and who did it ("": Carewire itself). `words` is the number of the event that
    holds what they wrote (0: none); `hash` is over all of it and the line before."""

    at: int
    by: str
    what: str
    hash: str
    details: str = ""
    words: int = 0


class Reported(msgspec.Struct, frozen=True, array_like=True):
    """Somebody reported it: who, why, and when (ms)."""

    id: str
    by: str
    reason: str
    at: int


class EvidenceRecord(msgspec.Struct, frozen=True, array_like=True):
    """A piece of evidence: the number of the event that holds it, of what it is, when it was taken, and its hash."""

    event: int
    message: str
    at: int
    hash: str


class HeldMessage(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """A message that waits for somebody to look at it. `matched`: kinds of what was found, never the words."""

    id: str
    room: str
    sender: str
    matched: tuple[str, ...]
    at: int
    client_id: str = ""
    state: HeldState = "held"
    edit_of: str = ""
    kind: str = "text"


class Case(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A case at one moment. Times in ms; 0: none. Add members with defaults at the end.

    `raised` counts how often it began, `looked` is when somebody first did since. `closing_by`: who has proposed to
    close it. `about` and `against`: what an appeal is about, and who had decided that. `alerted`: who was told of it.
    """

    id: str
    kind: CaseOf
    severity: Severity
    state: CaseState
    subject: str
    created: int
    due: int
    room: str = ""
    reports: tuple[Reported, ...] = ()
    evidence: tuple[EvidenceRecord, ...] = ()
    chain: tuple[ChainLine, ...] = ()
    raised: int = 1
    looked: int = 0
    overdue: bool = False
    assignee: str = ""
    outcome: str = ""
    closing_by: str = ""
    closed: int = 0
    held: HeldMessage | None = None
    about: str = ""
    against: tuple[str, ...] = ()
    alerted: tuple[str, ...] = ()
    notified: int = 0

    @property
    def is_closed(self) -> bool:
        """Is it over?"""
        return self.state == "closed"


def graver(one: Severity, other: Severity) -> Severity:
    """The graver of two."""
    return max(one, other, key=SEVERITIES.index)


def case_id_of(other: str) -> str:
    """The case of a message that is held, or of an appeal: `hld_...` or `apl_...` -> `case_...`."""
    return "case_" + other.partition("_")[2]


def appeal_id_of(case_id: str) -> str:
    """The inverse, of an appeal."""
    return "apl_" + case_id.partition("_")[2]
