"""The examples of docs/notifications.md, as they stand there: a device in Node, and a program in Python."""

import asyncio
import os
import re
import sys
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest
import uvicorn

from tests.gateway_rig import token
from tests.identity_rig import House, house
from tests.mongo import url_of
from tests.waiting import eventually

ROOT: Final = Path(__file__).parents[3]
PAGE: Final = ROOT / "docs" / "notifications.md"
PATIENT_S: Final = 60


def example(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(), re.DOTALL)
    return str(found)


@asynccontextmanager
async def served(home: House) -> AsyncIterator[str]:
    """The API at an address."""
    server = uvicorn.Server(uvicorn.Config(home.app, port=0, log_level="warning", lifespan="off"))
    serving = asyncio.create_task(server.serve())

    async def started() -> bool:
        return server.started

    try:
        await eventually(started, "no server")
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving


async def begun(*command: str, **environment: str) -> asyncio.subprocess.Process:
    where = os.environ | environment | {"no_proxy": "127.0.0.1", "NO_PROXY": "127.0.0.1"}
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(*command, cwd=ROOT / "tests" / "js", env=where, stdout=pipe)


async def said(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    async with asyncio.timeout(PATIENT_S):
        return (await process.stdout.readline()).decode().strip()


@pytest.mark.asyncio
async def test_the_examples_do_what_the_page_says(mongo_port: int, tmp_path: Path) -> None:
    async with house(url_of(mongo_port), f"test_{uuid.uuid4().hex}", tmp_path) as home, served(home) as url:
        gateway = f"http://127.0.0.1:{(await home.gateway()).port}"
        people = {"ADA": token("ada"), "ADMIN": home.admin()}
        device = await begun("node", "--input-type=module", "-e", example("javascript"), GATEWAY=gateway, **people)
        try:
            assert await said(device) == "listening"
            program = await begun(sys.executable, "-c", example("python"), URL=url, **people)
            assert [await said(program), await said(program)] == ["skipped no_device", "0 unread"]
            assert await program.wait() == 0
            assert await said(device) == "Closed on Friday"
            async with asyncio.timeout(PATIENT_S):
                assert await device.wait() == 0
        finally:
            if device.returncode is None:
                device.kill()
                await device.wait()
