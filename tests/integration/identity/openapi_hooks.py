"""What schemathesis (a process of its own) needs to know: how to sign in. Named by SCHEMATHESIS_HOOKS.

Every request comes from an administrator of its own, so that a case that logs out, or erases the caller, ends nobody
else's.
"""

import json
import uuid
from typing import Any

import schemathesis

from common.auth.tokens import mint
from common.clock import SystemClock
from tests.gateway_rig import SECRET


@schemathesis.auth(refresh_interval=None)
class Administrator:
    """A fresh one for each case."""

    def get(self, case: Any, context: schemathesis.AuthContext) -> str:
        return mint(SECRET, user=f"st-{uuid.uuid4().hex}", role="admin", now_ms=SystemClock().now_ms(), ttl_s=600)

    def set(self, case: Any, data: str, context: schemathesis.AuthContext) -> None:
        case.headers = case.headers or {}
        case.headers["Authorization"] = f"Bearer {data}"


@schemathesis.serializer("application/x-ndjson")
def ndjson(context: Any, value: Any) -> bytes:
    """A list is a line each; whatever else, one."""
    lines = value if isinstance(value, list) else [value]
    return b"\n".join(line.encode() if isinstance(line, str) else json.dumps(line).encode() for line in lines)
