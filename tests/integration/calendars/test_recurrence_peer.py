"""Our expansion of recurrence rules beside an independent one: npm's `rrule`, with ICU's time zones."""

import json
import random
import subprocess
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from actors.calendars.series.recurrence import MOST, expand
from common import timeline
from common.clock import to_rfc3339
from common.errors import InvalidArgument

CASES: Final = 800
JS: Final = Path(__file__).parents[2] / "js"
DAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
ZONES: Final = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "Pacific/Auckland",
    "Africa/Johannesburg",
)


def a_rule(dice: random.Random, start: datetime) -> str:
    freq = dice.choice(("DAILY", "WEEKLY", "WEEKLY", "MONTHLY", "MONTHLY", "YEARLY"))
    parts = {"FREQ": freq}
    if dice.random() < 0.5:
        parts["INTERVAL"] = str(dice.randint(1, 4))
    shape = dice.random()
    if freq in ("DAILY", "WEEKLY") and shape < 0.6:
        parts["BYDAY"] = ",".join(dice.sample(DAYS, dice.randint(1, 4)))
        if dice.random() < 0.4:
            parts["WKST"] = dice.choice(DAYS)
    elif freq == "MONTHLY" and shape < 0.3:
        parts["BYDAY"] = ",".join(f"{dice.choice((1, 2, 3, 4, 5, -1, -2))}{one}" for one in dice.sample(DAYS, 2))
    elif freq == "MONTHLY" and shape < 0.6:
        parts["BYMONTHDAY"] = ",".join(map(str, dice.sample((*range(1, 32), -1, -2, -10), dice.randint(1, 3))))
    elif freq == "MONTHLY" and shape < 0.85:
        parts["BYDAY"] = ",".join(dice.sample(DAYS, dice.randint(1, 5)))
        parts["BYSETPOS"] = ",".join(map(str, dice.sample((1, 2, 3, -1, -2), dice.randint(1, 2))))
    elif freq == "YEARLY" and shape < 0.8:
        parts["BYMONTH"] = ",".join(map(str, dice.sample(range(1, 13), dice.randint(1, 3))))
        if shape < 0.4:
            parts["BYMONTHDAY"] = str(dice.choice((1, 15, 29, 31, -1)))
        else:
            parts["BYDAY"] = f"{dice.choice((1, 2, -1))}{dice.choice(DAYS)}"
    if dice.random() < 0.5:
        parts["COUNT"] = str(dice.randint(1, 60))
    else:
        until = start + timedelta(days=dice.randint(1, 390), minutes=dice.randint(0, 1440))
        parts["UNTIL"] = until.strftime("%Y%m%dT%H%M%SZ")
    names = list(parts)[1:]
    dice.shuffle(names)
    return ";".join(f"{name}={parts[name]}" for name in ("FREQ", *names))


def a_case(dice: random.Random) -> dict[str, Any]:
    """With exceptions that are occurrences, mostly."""
    zone = ZoneInfo(dice.choice(ZONES))
    wall = datetime(2024, 1, 1) + timedelta(days=dice.randint(0, 900), minutes=5 * dice.randint(0, 287))
    start = timeline.instant_of(zone, wall)
    wall = timeline.wall_of(zone, start)  # one that exists
    rule = a_rule(dice, wall)
    found = ours({"rule": rule, "start": start, "zone": zone.key, "dates": [], "instants": []})
    chosen = dice.sample(found, min(len(found), dice.choice((0, 0, 1, 3))))
    return {
        "rule": rule,
        "wall": [wall.year, wall.month, wall.day, wall.hour, wall.minute],
        "start": start,
        "zone": zone.key,
        "dates": [timeline.wall_of(zone, one).date().isoformat() for one in chosen[::2]],
        "instants": chosen[1::2],
    }


def ours(case: dict[str, Any]) -> list[int]:
    exceptions = [*case["dates"], *map(to_rfc3339, case["instants"])]
    try:
        return expand(case["rule"], case["start"], ZoneInfo(case["zone"]), exceptions)
    except InvalidArgument as error:
        if "no occurrence" not in error.message:
            raise
        return []


def test_hundreds_of_generated_rules_expand_as_an_independent_implementation_expands_them() -> None:
    dice = random.Random(5545)
    cases = [a_case(dice) for _ in range(CASES)]
    lines = "".join(json.dumps(case) + "\n" for case in cases)
    done = subprocess.run(
        ["node", "expand.mjs"], cwd=JS, input=lines, capture_output=True, text=True, timeout=60, check=True
    )
    theirs = [json.loads(line) for line in done.stdout.splitlines()]
    compared = 0
    for case, expected in zip(cases, theirs, strict=True):
        horizon = case["start"] + 5 * 366 * timeline.DAY_MS  # ours ends there
        expected = [one for one in expected if one <= horizon]
        if len(expected) + len(case["dates"]) + len(case["instants"]) <= MOST:
            assert ours(case) == expected, case
            compared += bool(expected)
    assert compared >= 500
    members = Counter(part.partition("=")[0] for case in cases for part in case["rule"].split(";"))
    assert all(
        members[name] >= 50 for name in ("INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTHDAY", "BYSETPOS", "BYMONTH")
    )
    assert sum(bool(case["dates"]) for case in cases) >= 100
