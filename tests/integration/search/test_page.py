"""The examples of docs/search.md, one after the other, as they stand there. What is read is read until it says so: the
index is a moment behind."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any, Final

import pytest

from tests.gateway_rig import token
from tests.identity_rig import House

pytestmark = pytest.mark.asyncio(loop_scope="package")
PAGE = Path(__file__).parents[3] / "docs" / "search.md"
_PATIENCE_S: Final = 20.0
_LOOK_S: Final = 0.05
EXAMPLE = re.compile(r"^(\w+) \((\w+)\): (\w+) (\S+)\n(?:(\{.*\})\n)?=> (\d+) (\{.*\})$", re.MULTILINE)


def examples() -> list[tuple[str, ...]]:
    """Who, in which role, method (EMIT: over a socket), path or event, body, status, part of the answer."""
    blocks = re.findall(r"```http\n(.*?)```", PAGE.read_text(), re.DOTALL)
    found = [match.groups(default="") for block in blocks for match in EXAMPLE.finditer(block)]
    assert found
    assert len(found) == sum(block.count("=>") for block in blocks), "an example is not read"
    return found


def is_in(wanted: Any, told: Any) -> bool:
    """Does the answer say that, whatever else it says?"""
    if isinstance(wanted, dict):
        return isinstance(told, dict) and all(is_in(value, told.get(name)) for name, value in wanted.items())
    if isinstance(wanted, list):
        return len(wanted) == len(told) and all(is_in(*pair) for pair in zip(wanted, told, strict=True))
    return bool(wanted == told)


async def told(home: House, example: tuple[str, ...]) -> tuple[int, Any]:
    """Status and answer; an ack is 200."""
    user, role, method, path, body = example[:5]
    sent = json.loads(body) if body else None
    if method == "EMIT":
        return 200, await (await home.socket(token(user, role))).ok(path, sent)
    answer = await home.call(method, path, sent, bearer=token(user, role))
    return answer.status_code, answer.json()


async def test_the_page_says_what_is_so(home: House) -> None:
    for example in examples():
        method, path, _, status, part = example[2:]
        wanted, reads = json.loads(part), method == "GET" or path == "suggest"
        until = asyncio.get_running_loop().time() + (_PATIENCE_S if reads else 0.0)
        while True:
            code, answer = await told(home, example)
            if code == int(status) and is_in(wanted, answer):
                break
            assert asyncio.get_running_loop().time() < until, (path, answer)
            await asyncio.sleep(_LOOK_S)
