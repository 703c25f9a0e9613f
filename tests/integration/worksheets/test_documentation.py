"""The examples of docs/worksheets.md, one after the other, as they stand there."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.gateway_rig import token
from tests.identity_rig import House

pytestmark = [pytest.mark.asyncio(loop_scope="module")]
PAGE = Path(__file__).parents[3] / "docs" / "worksheets.md"
EXAMPLE = re.compile(r"^(\w+) \((\w+)\): (\w+) (\S+)\n(?:(\{.*\})\n)?=> (\d+) (\{.*\})$", re.MULTILINE)
NAMED = re.compile(r"\{([a-z]+_id)\}")


def examples() -> list[tuple[str, ...]]:
    """Who, in which role, method, path, body, status, part of the answer."""
    blocks = re.findall(r"```http\n(.*?)```", PAGE.read_text(), re.DOTALL)
    found = [match.groups(default="") for block in blocks for match in EXAMPLE.finditer(block)]
    assert len(found) == sum(block.count("=>") for block in blocks), "an example is not read"
    return found


async def test_the_page_says_what_is_so(home: House) -> None:
    known: dict[str, Any] = {}
    await home.ok("POST", "/api/care", {"client_id": "ada", "therapist_id": "tess"}, bearer=home.admin())

    def filled(text: str) -> str:
        return NAMED.sub(lambda name: str(known[name[1]]), text)

    for user, role, method, path, body, status, part in examples():
        sent = json.loads(filled(body)) if body else None
        answer = await home.call(method, filled(path), sent, bearer=token(user, role))
        assert answer.status_code == int(status), (method, path, answer.text)
        told = answer.json()
        wanted = json.loads(filled(part))
        assert {name: told.get(name) for name in wanted} == wanted, (method, path)
        if answer.status_code < 300:
            known |= {name: value for name, value in told.items() if name.endswith("_id")}
