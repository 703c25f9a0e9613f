"""The examples of docs/conversations.md, one after the other, as they stand there."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.gateway_rig import token
from tests.identity_rig import House

pytestmark = pytest.mark.asyncio(loop_scope="module")
PAGE = Path(__file__).parents[3] / "docs" / "conversations.md"
EXAMPLE = re.compile(r"^(\w+) \((\w+)\): (\w+) (\S+)\n(?:(\{.*\})\n)?=> (\d+) (\{.*\})$", re.MULTILINE)


def examples() -> list[tuple[str, ...]]:
    """Who, in which role, method, path, body, status, part of the answer."""
    blocks = re.findall(r"```http\n(.*?)```", PAGE.read_text(), re.DOTALL)
    found = [match.groups(default="") for block in blocks for match in EXAMPLE.finditer(block)]
    assert len(found) == sum(block.count("=>") for block in blocks), "an example is not read"
    return found


def ids_in(answer: Any) -> dict[str, str]:
    """The ids that later examples name."""
    parts = [answer, answer.get("room") or {}, answer.get("cover") or {}]
    return {name: value for part in parts for name, value in part.items() if name in ("care_id", "room_id", "cover_id")}


async def test_the_page_says_what_is_so(home: House) -> None:
    known: dict[str, str] = {}

    def filled(text: str) -> str:
        return re.sub(r"\{([a-z_]+)\}", lambda name: known[name[1]], text)

    for user, role, method, path, body, status, part in examples():
        sent = json.loads(body) if body else None
        answer = await home.call(method, filled(path), sent, bearer=token(user, role))
        assert answer.status_code == int(status), (method, path, answer.text)
        told, wanted = answer.json(), json.loads(part)
        assert {name: told.get(name) for name in wanted} == wanted, (method, path, told)
        if answer.status_code < 300:
            known |= ids_in(told)
