"""A ramp: so many users for so long, then more, or fewer. Pure: importing locust changes the process."""

from dataclasses import dataclass
from typing import Final

DEFAULT: Final = "50:30,200:30,500:60"


@dataclass(frozen=True, slots=True)
class LoadStep:
    """So many users until `until_s` into the run."""

    users: int
    until_s: float


def parse(text: str) -> list[LoadStep]:
    """`"100:60,500:60"` -> 100 users for 60 s, then 500 for 60 s.

    Raises:
        ValueError: it is not like that. The message says what it must be.
    """
    steps: list[LoadStep] = []
    for part in text.split(","):
        users, colon, seconds = part.partition(":")
        if not (colon and users.strip().isdigit() and seconds.strip().isdigit() and int(seconds) > 0):
            raise ValueError(f"{part!r} is no step: write users:seconds, as in {DEFAULT}")
        steps.append(LoadStep(int(users), (steps[-1].until_s if steps else 0.0) + int(seconds)))
    return steps


def at(steps: list[LoadStep], run_s: float, *, step_s: float, now: int) -> tuple[int, float] | None:
    """How many users there shall be, and how many may come or leave in a second; None when the run is over."""
    for step in steps:
        if run_s < step.until_s:
            return step.users, max(1.0, abs(step.users - now) / step_s)
    return None
