"""What a runner holds: activities that are its own for a time, and how an attempt at one ended."""

from dataclasses import dataclass
from typing import Literal

from actors.kernel.contract.activities import Outcome
from actors.kernel.contract.protocol import Offered

PartnerState = Literal["well", "failing", "closed", "unknown"]


@dataclass(eq=False, slots=True)
class HeldActivity:
    """An activity that shard `shard` gave us until `until_s` (monotonic, counted from before we asked)."""

    offered: Offered
    shard: str
    until_s: float

    def left_s(self, now_s: float) -> float:
        """How long it is still ours."""
        return self.until_s - now_s


@dataclass(frozen=True, slots=True)
class Ending:
    """How an attempt ended, and what it says of the partner.

    Attributes:
        verdict: `answer`: it is over, and the entity hears `outcome`. `put_off`: it is tried again. `dead`: nobody
            tries it again by itself. `untried`: it goes back as it came.
        at_least_s: the pause that the partner asked for.
        partner: `well`: it did its part, if only to refuse. `failing`: it did not. `closed`: it must be left alone, for
            `at_least_s` or until an operator has put us right. `unknown`: it was not asked, or not for as
            long as a call may take.
    """

    verdict: Literal["answer", "put_off", "dead", "untried"]
    outcome: Outcome = "done"
    result: bytes = b""
    code: str = ""
    message: str = ""
    at_least_s: float | None = None
    partner: PartnerState = "unknown"

    @property
    def label(self) -> str:
        """For metrics: what became of the attempt."""
        return self.outcome if self.verdict == "answer" else self.code or self.verdict


UNTRIED = Ending("untried")
