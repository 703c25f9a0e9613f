"""schemathesis over the live OpenAPI document, with every check it has.

`make drill doors` tries the edges of every member of every request besides, which takes four times as long.
"""

import asyncio
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from tests.identity_rig import House
from tests.integration.search.rig import searching
from tests.mongo import url_of
from tests.system.harness import wait_until

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(1500)]
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
                "GET /api/operations/activities", "GET /api/operations/jobs", "GET /api/operations/webhooks",
                "GET /api/bills", "GET /api/discounts", "GET /api/disputes", "GET /api/email/suppressions",
                "GET /api/emergencies", "GET /api/holds", "GET /api/holds/{hold_id}/export", "GET /api/invoices",
                "GET /api/ledger/entries", "GET /api/notifications",
                "GET /api/conversations", "GET /api/files", "GET /api/meetings", "GET /api/worksheets",
                "GET /api/meetings/{meeting_id}/recordings", "GET /api/assignments", "GET /api/reports",
                "GET /api/moderation/cases", "GET /api/moderation/held",
                "GET /api/payments/history", "GET /api/payments/reviews", "GET /api/payouts", "GET /api/plans",
                "GET /api/rooms/{room_id}/search", "GET /api/search", "GET /api/search/suggest",
                "GET /api/subscriptions"]
[operations.checks.positive_data_acceptance]
expected-statuses = ["2xx", "400", "401", "403", "404", "429"]

[[operations]]
# nor what rules say of a time, a recurrence or a zone
include-path-regex = "^/api/(bookings|series|waitlist|calendars|ml|care/[^/]+/(pause|cover))"
[operations.checks.positive_data_acceptance]
expected-statuses = ["2xx", "400", "401", "403", "404", "409", "412", "429"]

[[operations]]
# nor what goes with what: a bill or its booking, a percentage or an amount, a relation and whom it is about; nor that
# a time lies ahead, or that a worksheet's fields and expressions fit each other
include-name = [
  "PATCH /api/bills/{bill_id}",
  "PATCH /api/discounts/{code}",
  "POST /api/bills",
  "POST /api/conversations",
  "POST /api/discounts",
  "POST /api/emergencies",
  "POST /api/emergencies/{emergency_id}/hand-off",
  "POST /api/holds",
  "POST /api/ledger/reconcile",
  "POST /api/meetings",
  "POST /api/mobile/push-token",
  "POST /api/moderation/appeals",
  "POST /api/moderation/cases/{case_id}/act",
  "POST /api/moderation/restrictions",
  "POST /api/notifications",
  "POST /api/notifications/broadcasts",
  "POST /api/notifications/explain",
  "POST /api/notifications/read-all",
  "POST /api/payments/create-intent",
  "POST /api/payments/intent",
  "POST /api/payments/methods",
  "POST /api/payments/refund",
  "GET /api/payments/analytics",
  "POST /api/payments/session-billing",
  "POST /api/payouts/account",
  "POST /api/pricing/quote",
  "POST /api/push/subscriptions",
  "POST /api/rooms/{room_id}/scheduled",
  "POST /api/subscriptions/{subscription_id}/invoice",
  "POST /api/subscriptions/{subscription_id}/usage",
  "POST /api/system/banners",
  "POST /api/worksheets",
  "POST /api/worksheets/import",
  "PUT /api/bills/{bill_id}/superbill",
  "PUT /api/emergencies/ladders/{ladder_id}",
  "PUT /api/retention",
  "PUT /api/worksheets/{worksheet_id}",
]
[operations.checks.positive_data_acceptance]
expected-statuses = ["2xx", "3xx", "400", "401", "403", "404", "409", "412", "429"]

[[operations]]
include-name = ["GET /api/notifications/analytics"] # groups are named with commas between
[operations.checks.positive_data_acceptance]
expected-statuses = ["2xx", "400", "401", "403", "429"]
"""


WHOLE = int(os.environ.get("DRILL_SIZE", "0")) > 0
PHASES = "examples,coverage,fuzzing" if WHOLE else "examples,fuzzing"
PARTS = {"a to c": "^/api/[a-c]", "d to m": "^/api/[d-m]", "the rest": "^/(?!api/[a-m])"}  # for workers to share


@pytest.mark.parametrize("paths", PARTS.values(), ids=PARTS)
async def test_no_case_that_schemathesis_makes_breaks_a_promise_of_the_document(
    paths: str, home: House, mongo_port: int, tmp_path: Path, record_property: Any
) -> None:
    """No 500, nothing that the document does not say: statuses, types, headers, bodies, methods, authentication."""
    (tmp_path / "schemathesis.toml").write_text(SETTINGS)
    document = tmp_path / "openapi.json"  # whose making takes a while; schemathesis waits for it for ten seconds
    document.write_text(json.dumps(home.app.openapi()))
    server = uvicorn.Server(uvicorn.Config(home.app, port=0, log_level="warning", lifespan="off"))
    serving = asyncio.create_task(server.serve())
    await wait_until(lambda: server.started, within_s=10, what="no server")
    port = server.servers[0].sockets[0].getsockname()[1]
    command = [
        *(sys.executable, "-m", "schemathesis.cli"),
        *("--config-file", str(tmp_path / "schemathesis.toml")),
        *("run", str(document), "--url", f"http://127.0.0.1:{port}", "--include-path-regex", paths),
        # how long an answer takes depends on what else the machine does
        *("--checks", "all", "--max-response-time", "60"),
        *("--max-examples", "1", "--seed", os.environ.get("FIRST_SEED", "1"), "--no-color", "--request-timeout", "20"),
        *("--phases", PHASES, "--generation-database", "none"),
    ]
    environment = os.environ | {
        "SCHEMATHESIS_HOOKS": "tests.integration.identity.openapi_hooks",
        "PYTHONPATH": str(ROOT),
    }
    process = await asyncio.create_subprocess_exec(
        *command, cwd=tmp_path, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        async with asyncio.timeout(1400), searching(home, url_of(mongo_port)):
            output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
        server.should_exit = True
        await serving
    text = output.decode()
    assert process.returncode == 0, text[max(0, text.find("= FAILURES =")) :][:12_000]
    cases = re.search(r"Test cases:\s+([\d,]+) generated", text) or re.search(r"([\d,]+) generated", text)
    assert cases is not None, text[-3000:]
    record_property("cases", cases[1])
    print(f"schemathesis: {cases[1]} cases")
    assert int(cases[1].replace(",", "")) > (1000 if WHOLE else 300)
