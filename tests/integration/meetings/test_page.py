"""What docs/meetings.md shows is what happens."""

import json
import re
from pathlib import Path

import pytest

from tests.gateway_rig import token
from tests.identity_rig import House

pytestmark = pytest.mark.asyncio(loop_scope="module")
PAGE = (Path(__file__).parents[3] / "docs" / "meetings.md").read_text()
LINE = re.compile(r"(\w+) (\w+) (\S+) (?:(\{.*\}) )?-> (\d+)")


async def test_the_page_is_true(home: House) -> None:
    (steps,) = re.findall(r"```meeting\n(.*?)```", PAGE, re.DOTALL)
    meeting = ""
    for line in steps.splitlines():
        found = LINE.fullmatch(line)
        assert found is not None, line
        who, method, path, body, status = found.groups()
        bearer = token(who, "therapist" if who == "tess" else "client")
        given = None if body is None else json.loads(body)
        answer = await home.call(method, path.replace("{id}", meeting), given, bearer=bearer)
        assert answer.status_code == int(status), (line, answer.text)
        if not meeting:
            meeting = answer.json()["meeting"]["id"]
