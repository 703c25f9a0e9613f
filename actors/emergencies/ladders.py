"""A ladder: its rungs, from the first who are asked to the last. Pure."""

from typing import Final

import msgspec

from common.auth.tokens import ROLES
from common.errors import InvalidArgument
from common.ids import is_id

DEFAULT: Final = "default"
MOST_RUNGS: Final = 100
MOST_NAMED: Final = 50
LONGEST_WAIT_S: Final = 3600


class Rung(msgspec.Struct, frozen=True, array_like=True):
    """Who is asked together: those who care for the person, everybody of a role, and whoever is named. `wait_s`:
    seconds that they have before the next are asked as well. `channels`: by which they are told; (): by all."""

    wait_s: int
    care_team: bool = False
    role: str = ""
    user_ids: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()


class Ladder(msgspec.Struct, frozen=True, array_like=True):
    """The rungs, at least one."""

    rungs: tuple[Rung, ...]


STANDARD: Final = Ladder(
    (Rung(60, care_team=True), Rung(60, role="moderator"), Rung(120, role="admin")),
)
"""The ladder `default` until somebody sets another."""


def check(ladder: Ladder) -> None:
    """Raises InvalidArgument: too many rungs or none, one that names nobody, or whose wait is no wait."""
    if not 1 <= len(ladder.rungs) <= MOST_RUNGS:
        raise InvalidArgument(f"A ladder has 1 to {MOST_RUNGS} rungs.", details={"field": "rungs"})
    for place, rung in enumerate(ladder.rungs):
        _check_rung(rung, f"rungs[{place}]")


def _check_rung(rung: Rung, field: str) -> None:
    if not (rung.care_team or rung.role or rung.user_ids):
        raise InvalidArgument("A rung names somebody.", details={"field": f"{field}.to"})
    if rung.role and rung.role not in ROLES - {"client"}:
        raise InvalidArgument("role is therapist, moderator or admin.", details={"field": f"{field}.to.role"})
    if len(rung.user_ids) > MOST_NAMED or not all(map(is_id, rung.user_ids)):
        raise InvalidArgument(f"user_ids are at most {MOST_NAMED} ids.", details={"field": f"{field}.to.user_ids"})
    if not 1 <= rung.wait_s <= LONGEST_WAIT_S:
        raise InvalidArgument(f"wait_s is 1 to {LONGEST_WAIT_S}.", details={"field": f"{field}.wait_s"})
