"""The examples of docs/messages.md, one after the other, as they stand there."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.gateway_rig import Client, token
from tests.identity_rig import House

pytestmark = pytest.mark.asyncio(loop_scope="module")
PAGE = Path(__file__).parents[3] / "docs" / "messages.md"
LINE = re.compile(r"(\w+) \((\w+)\): (\w+) (\{.*\}) => (.*)")


def examples() -> list[tuple[str, ...]]:
    """Who, in which role, event, payload, part of the answer or the code of a refusal."""
    blocks = re.findall(r"```chat\n(.*?)```", PAGE.read_text(), re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    found = [match.groups() for line in lines if (match := LINE.fullmatch(line))]
    assert len(found) == len(lines) > 20, "an example is not read"
    return found


async def test_the_page_says_what_is_so(home: House) -> None:
    sockets: dict[str, Client] = {}
    last = ""
    for user, role, event, payload, expected in examples():
        if user not in sockets:
            sockets[user] = await home.socket(token(user, role))
        sent, wanted = json.loads(payload.replace("{id}", last)), json.loads(expected)
        if isinstance(wanted, str):
            assert (await sockets[user].error(event, sent))["code"] == wanted, (event, sent)
            continue
        answer: dict[str, Any] = await sockets[user].ok(event, sent)
        assert {name: answer.get(name) for name in wanted} == wanted, (event, answer)
        last = answer["id"] if event == "message" else last
