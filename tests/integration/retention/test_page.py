"""The examples of docs/retention.md, one after the other, as they stand there."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.gateway_rig import token
from tests.identity_rig import House

pytestmark = pytest.mark.asyncio(loop_scope="module")
PAGE = Path(__file__).parents[3] / "docs" / "retention.md"
EXAMPLE = re.compile(r"^(\w+) \((\w+)\): (\w+) (\S+)\n(?:(\{.*\})\n)?=> (\d+) (\{.*\})$", re.MULTILINE)


def examples() -> list[tuple[str, ...]]:
    """Who, in which role, method (EMIT: over a socket), path or event, body, status, part of the answer."""
    blocks = re.findall(r"```http\n(.*?)```", PAGE.read_text(), re.DOTALL)
    found = [match.groups(default="") for block in blocks for match in EXAMPLE.finditer(block)]
    assert len(found) == sum(block.count("=>") for block in blocks), "an example is not read"
    return found


def is_in(wanted: Any, told: Any) -> bool:
    """Does the answer say that, whatever else it says?"""
    if isinstance(wanted, dict):
        return isinstance(told, dict) and all(is_in(value, told.get(name)) for name, value in wanted.items())
    if isinstance(wanted, list):
        return len(wanted) == len(told) and all(is_in(*pair) for pair in zip(wanted, told, strict=True))
    return bool(wanted == told)


async def test_the_page_says_what_is_so(home: House) -> None:
    known: dict[str, str] = {}

    def filled(text: str) -> str:
        return re.sub(r"\{([a-z_]+)\}", lambda name: known[name[1]], text)

    for user, role, method, path, body, status, part in examples():
        sent = json.loads(filled(body)) if body else None
        if method == "EMIT":
            told = await (await home.socket(token(user, role))).ok(path, sent)
        else:
            answer = await home.call(method, filled(path), sent, bearer=token(user, role))
            assert answer.status_code == int(status), (method, path, answer.text)
            told = answer.json()
        assert is_in(json.loads(filled(part)), told), (method, path, told)
        for one in (told, told.get("room") or {}, told.get("hold") or {}):
            known |= {name: one[name] for name in ("id", "room_id", "hold_id") if isinstance(one.get(name), str)}
