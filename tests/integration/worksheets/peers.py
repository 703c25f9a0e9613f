"""What others make of it, asked by lines: SurveyJS itself (`tests/js/survey.mjs`), npm's fhir (`tests/js/fhir.mjs`)."""

import json
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from actors.worksheets.schema.fields import Schema
from actors.worksheets.worksheet.records import ShownWorksheet

TIME: Final = "2026-11-20T09:30:00.000Z"
SHEET: Final = "wks_01KAFZ0000000000000000000A"
_JS: Final = Path(__file__).parents[2] / "js"


def answers_of(questions: Iterable[Any], script: str = "survey.mjs") -> list[Any]:
    """What it makes of each of these, by one process."""
    lines = "\n".join(json.dumps(one) for one in questions)
    done = subprocess.run(  # our own file
        ["node", script],  # wherever node is
        cwd=_JS,
        input=lines,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def a_sheet(schema: Schema) -> ShownWorksheet:
    """A worksheet that asks this."""
    return ShownWorksheet(
        worksheet_id=SHEET,
        version=2,
        title="Diary",
        owner_id="tess",
        state="published",
        visibility="private",
        schema=schema,
        created_at=TIME,
        updated_at=TIME,
    )
