"""The table of refusals is the code's."""

import re
from pathlib import Path

import actors.calendars
from actors.calendars.hours.reasons import HARD, TEXTS


def test_every_reason_is_in_the_table_with_its_words() -> None:
    text = (Path(actors.calendars.__file__).parent / "REFUSALS.md").read_text()
    rows = re.findall(r"^\| `([a-z_]+)` \| (.*) \| (yes|no) \|$", text, re.MULTILINE)
    assert {code: words for code, words, _ in rows} == TEXTS
    assert {code for code, _, may in rows if may == "no"} == HARD
