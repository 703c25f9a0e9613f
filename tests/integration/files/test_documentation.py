"""The examples of docs/files.md, one after the other, as they stand there."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.gateway_rig import token
from tests.identity_rig import House
from tests.integration.files.people import settled

pytestmark = pytest.mark.asyncio(loop_scope="module")
PAGE = Path(__file__).parents[3] / "docs" / "files.md"
EXAMPLE = re.compile(r"^(\w+) \((\w+)\): (\w+) (\S+)\n(?:(?!=>)(.+)\n)?=> (\d+) (\{.*\})$", re.MULTILINE)


def examples() -> list[tuple[str, ...]]:
    """Who, in which role, method, path, body, status, part of the answer."""
    blocks = re.findall(r"```http\n(.*?)```", PAGE.read_text(), re.DOTALL)
    found = [match.groups(default="") for block in blocks for match in EXAMPLE.finditer(block)]
    assert len(found) == sum(block.count("=>") for block in blocks), "an example is not read"
    return found


async def test_the_page_says_what_is_so(home: House) -> None:
    ann = await home.socket(token("ann"))
    await ann.ok("create_room", {"room_id": "page", "members": ["bob"]})
    known: dict[str, Any] = {"room_id": "page"}

    def filled(text: str) -> str:
        return re.sub(r"\{([a-z_]+)\}", lambda name: str(known[name[1]]), text)

    for user, role, method, path, body, status, part in examples():
        async with home.http(token(user, role)) as http:
            is_json = body.startswith("{")
            headers = {"Content-Type": "application/json"} if is_json else {}
            answer = await http.request(method, filled(path), content=filled(body).encode(), headers=headers)
        assert answer.status_code == int(status), (method, path, answer.text)
        wanted = json.loads(part)
        told = answer.json() if wanted else {}
        told = told.get("file", {}) | told
        assert {name: told.get(name) for name in wanted} == wanted, (method, path)
        if told.get("state") == "scanning":
            known["file_id"] = told["file_id"]
            await settled(home, user, told["file_id"])
