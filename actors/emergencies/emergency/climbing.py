"""How an emergency climbs its ladder: whose turn it is, and how long they have. Pure."""

from collections.abc import Iterable
from typing import Final

from msgspec.structs import replace

from actors.emergencies.ladders import Rung
from actors.emergencies.records import MOST_LINES, Emergency, LogLine

LONGEST_REPEAT_S: Final = 900
LOOKING_MS: Final = 500
"""How long the people of a rung are looked up before those who stood on it when the emergency was raised are asked."""


def rung_of(emergency: Emergency) -> Rung:
    """The rung that is asked, or was asked last."""
    return emergency.rungs[emergency.rung]


def wait_ms(emergency: Emergency) -> int:
    """How long its people have: longer each time that the last rung is asked again."""
    wait_s = rung_of(emergency).wait_s
    return min(wait_s << min(emergency.laps, 10), max(LONGEST_REPEAT_S, wait_s)) * 1000


def further(emergency: Emergency) -> Emergency:
    """On the next rung; on the last one, once more. Whoever stands on it is being looked up."""
    last = emergency.rung == len(emergency.rungs) - 1
    rung, laps = (emergency.rung, emergency.laps + 1) if last else (emergency.rung + 1, 0)
    return looking(replace(emergency, rung=rung, laps=laps))


def looking(emergency: Emergency) -> Emergency:
    """The people of its rung are being looked up."""
    return replace(emergency, looking=True, next_rung=0, step=emergency.step + 1)


def asking(emergency: Emergency, people: Iterable[str], now_ms: int) -> Emergency:
    """The people of its rung are asked now, and all former ones again."""
    asked = tuple(dict.fromkeys([*emergency.asked, *(one for one in people if one != emergency.user)]))
    return replace(
        emergency, looking=False, asked=asked, next_rung=now_ms + wait_ms(emergency), step=emergency.step + 1
    )


def known_on(emergency: Emergency) -> tuple[str, ...]:
    """Who stood on its rung when it was raised."""
    return emergency.known[emergency.rung] if emergency.rung < len(emergency.known) else ()


def skips(emergency: Emergency, people: Iterable[str]) -> bool:
    """Is there nobody on this rung, and one above it?"""
    return emergency.rung < len(emergency.rungs) - 1 and not any(one != emergency.user for one in people)


def settled(emergency: Emergency) -> Emergency:
    """Nobody is being asked any more: somebody has accepted, or it is over."""
    return replace(emergency, looking=False, next_rung=0, step=emergency.step + 1)


def noted(emergency: Emergency, now_ms: int, what: str, by: str = "") -> Emergency:
    """With a line more in its log. The first is kept, and the newest."""
    lines = (*emergency.log, LogLine(now_ms, what, by))
    return replace(emergency, log=lines if len(lines) <= MOST_LINES else (lines[0], *lines[2:]))
