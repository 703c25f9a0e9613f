"""The examples of docs/writing-together.md, as they stand there."""

import asyncio
import os
import re
from pathlib import Path

import pytest

from tests.gateway_rig import token
from tests.integration.worksheets.writing.rig import writing_rig

_ROOT = Path(__file__).parents[4]
PAGE = (_ROOT / "docs" / "writing-together.md").read_text()
EXAMPLE = re.compile(r"```js ([\w-]+)\n(.*?)```\n\n```output\n(.*?)```", re.DOTALL)
EXAMPLES = {name: (code, output) for name, code, output in EXAMPLE.findall(PAGE)}


@pytest.mark.parametrize("name", ["y-websocket", "provider"])
async def test_the_page_says_what_is_so(name: str) -> None:
    code, output = EXAMPLES[name]
    async with writing_rig() as rig:
        known = {"GATEWAY": rig.url(), "ASSIGNMENT": "asg_1", "TOKEN": token("clara")}
        node = await asyncio.create_subprocess_exec(
            "node",
            "--preserve-symlinks",
            "--input-type=module",
            "-",
            cwd=_ROOT / "tests" / "js",
            env={**os.environ, **known},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            told, wrong = await asyncio.wait_for(node.communicate(code.encode()), 30)
        except TimeoutError:
            node.kill()
            raise
        assert told.decode() == output, wrong.decode()
        assert node.returncode == 0
