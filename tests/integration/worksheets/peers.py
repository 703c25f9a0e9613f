"""What others make of it, asked by lines: SurveyJS itself (`tests/js/survey.mjs`), npm's fhir (`tests/js/fhir.mjs`)."""

import json
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

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
