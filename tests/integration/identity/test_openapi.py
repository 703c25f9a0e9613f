"""schemathesis over the live OpenAPI document, with every check it has."""

import asyncio
import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from tests.identity_rig import House
from tests.system.harness import wait_until

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(900)]
ROOT = Path(__file__).parents[3]
SETTINGS = """
[checks.positive_data_acceptance]
# a good request may still meet a present state that forbids it, or be told to slow down
expected-statuses = ["2xx", "3xx", "401", "403", "404", "409", "412", "429"]

[checks.negative_data_rejection]
expected-statuses = ["400", "401", "403", "404", "405", "406", "409", "412", "413", "415", "429"]

[[operations]]
# no schema can tell a cursor that was given out from one that was not
include-name = ["GET /api/audit", "GET /api/care", "GET /api/invitations", "GET /api/rooms",
                "GET /api/rooms/{room_id}/messages", "GET /api/break-glass/{grant_id}/rooms",
                "GET /api/operations/activities", "GET /api/operations/jobs", "GET /api/operations/webhooks"]
[operations.checks.positive_data_acceptance]
expected-statuses = ["2xx", "400", "401", "403", "404", "429"]

[[operations]]
# nor what rules say of a time, a recurrence or a zone
include-path-regex = "^/api/(bookings|series|waitlist|calendars|ml|care/[^/]+/pause)"
[operations.checks.positive_data_acceptance]
expected-statuses = ["2xx", "400", "401", "403", "404", "409", "412", "429"]
"""


async def test_no_case_that_schemathesis_makes_breaks_a_promise_of_the_document(
    home: House, tmp_path: Path, record_property: Any
) -> None:
    """No 500, nothing that the document does not say: statuses, types, headers, bodies, methods, authentication."""
    (tmp_path / "schemathesis.toml").write_text(SETTINGS)
    server = uvicorn.Server(uvicorn.Config(home.app, port=0, log_level="warning", lifespan="off"))
    serving = asyncio.create_task(server.serve())
    await wait_until(lambda: server.started, within_s=10, what="no server")
    port = server.servers[0].sockets[0].getsockname()[1]
    command = [
        *(sys.executable, "-m", "schemathesis.cli"),
        *("--config-file", str(tmp_path / "schemathesis.toml")),
        *("run", f"http://127.0.0.1:{port}/openapi.json"),
        *("--checks", "all", "--max-examples", "1", "--seed", "1", "--no-color", "--request-timeout", "20"),
        *("--phases", "examples,coverage,fuzzing", "--generation-database", "none"),
    ]
    environment = os.environ | {"SCHEMATHESIS_HOOKS": "tests.openapi_hooks", "PYTHONPATH": str(ROOT)}
    process = await asyncio.create_subprocess_exec(
        *command, cwd=tmp_path, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        async with asyncio.timeout(840):
            output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
        server.should_exit = True
        await serving
    text = output.decode()
    assert process.returncode == 0, text[-12_000:]
    cases = re.search(r"Test cases:\s+([\d,]+) generated", text) or re.search(r"([\d,]+) generated", text)
    assert cases is not None, text[-3000:]
    record_property("cases", cases[1])
    print(f"schemathesis: {cases[1]} cases")
    assert int(cases[1].replace(",", "")) > 3000
