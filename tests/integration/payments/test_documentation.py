"""The examples of docs/payments.md, one after the other, as they stand there."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.gateway_rig import token
from tests.integration.payments.rig import Till, a_till

pytestmark = [pytest.mark.asyncio(loop_scope="module")]
PAGE = Path(__file__).parents[3] / "docs" / "payments.md"
EXAMPLE = re.compile(r"^(\w+) \((\w+)\): (\w+) (\S+)\n(?:(\{.*\})\n)?=> (\d+) (\{.*\})$", re.MULTILINE)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def till(mongo_port: int, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Till]:
    async with a_till(mongo_port, tmp_path_factory.mktemp("page")) as made:
        yield made


def examples() -> list[tuple[str, ...]]:
    """Who, in which role, method, path, body, status, part of the answer."""
    blocks = re.findall(r"```http\n(.*?)```", PAGE.read_text(), re.DOTALL)
    found = [match.groups(default="") for block in blocks for match in EXAMPLE.finditer(block)]
    assert len(found) == sum(block.count("=>") for block in blocks), "an example is not read"
    return found


async def test_the_page_says_what_is_so(till: Till) -> None:
    known: dict[str, Any] = {}

    def filled(text: str) -> str:
        return re.sub(r"\{([a-z_]+)\}", lambda name: str(known[name[1]]), text)

    for user, role, method, path, body, status, part in examples():
        sent = json.loads(filled(body)) if body else None
        answer = await till.home.call(method, filled(path), sent, bearer=token(user, role))
        assert answer.status_code == int(status), (method, path, answer.text)
        told = answer.json()
        wanted = json.loads(filled(part))
        assert {name: told.get(name) for name in wanted} == wanted, (method, path)
        if answer.status_code < 300:
            known |= {name: value for name, value in told.items() if name.endswith("_id")}
