"""Firebase Cloud Messaging (HTTP v1) and the token endpoint of Google: the wire of both, and a ledger."""

import asyncio
import json
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.fakes.listening import Listening, cut

PROJECT: Final = "carewire-test"
_TYPE: Final = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
_BAD: Final = "type.googleapis.com/google.rpc.BadRequest"
KEY: Final = rsa.generate_private_key(65537, 2048)
STRANGER: Final = rsa.generate_private_key(65537, 2048)


@dataclass
class Firebase:
    """`mishaps` are for the next messages, one each: an HTTP status, perhaps with the seconds of its `Retry-After`
    ("429 7"), an error code ("UNREGISTERED"), "bad_token", "revoked", "slow", "silent", "cut", "lost_answer"."""

    taken: list[dict[str, Any]] = field(default_factory=list)
    validated: list[dict[str, Any]] = field(default_factory=list)
    mishaps: deque[str] = field(default_factory=deque)
    access: set[str] = field(default_factory=set)
    tokens_made: int = 0
    server: Listening = field(init=False)

    def __post_init__(self) -> None:
        app = web.Application()
        app.router.add_post("/token", self._token)
        app.router.add_post("/v1/projects/{project}/messages:send", self._take)
        self.server = Listening(app)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"

    def account(self, path: Path, key: rsa.RSAPrivateKey = KEY) -> Path:
        """The file of a service account."""
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        account = {
            "type": "service_account",
            "project_id": PROJECT,
            "private_key_id": "1",
            "private_key": pem,
            "client_email": "carewire@carewire-test.iam.gserviceaccount.test",
            "token_uri": f"{self.url}/token",
        }
        path.write_text(json.dumps(account))
        return path

    async def _token(self, request: web.Request) -> web.StreamResponse:
        assertion = str((await request.post())["assertion"])
        try:
            jwt.decode(assertion, KEY.public_key(), ["RS256"], audience="https://oauth2.googleapis.com/token")
        except jwt.InvalidTokenError:
            return web.json_response({"error": "invalid_grant", "error_description": "Invalid signature"}, status=400)
        self.tokens_made += 1
        token = f"access-{self.tokens_made}"
        self.access.add(token)
        return web.json_response({"access_token": token, "expires_in": 3599, "token_type": "Bearer"})

    async def _take(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        mishap, _, how_long = (self.mishaps.popleft() if self.mishaps else "").partition(" ")
        if mishap == "revoked":
            self.access.clear()
        if request.headers["Authorization"].removeprefix("Bearer ") not in self.access:
            return _error(401, "UNAUTHENTICATED")
        if request.match_info["project"] != PROJECT:
            return _error(403, "PERMISSION_DENIED")
        if mishap.isdigit():
            return _error(int(mishap), "UNAVAILABLE", retry_after=how_long)
        if mishap == "cut":
            return cut(request)
        if body.get("validate_only"):
            self.validated.append(body)
        if body["message"]["token"] == "nobody" or mishap == "bad_token":
            violation = {"@type": _BAD, "fieldViolations": [{"field": "message.token", "description": "Invalid"}]}
            return _error(400, "INVALID_ARGUMENT", violation)
        if mishap.isupper():
            return _error({"UNREGISTERED": 404, "SENDER_ID_MISMATCH": 403}.get(mishap, 400), "x", code=mishap)
        self.taken.append(body["message"])
        if mishap == "lost_answer":
            return cut(request)
        if mishap == "silent":
            await asyncio.get_running_loop().create_future()
        if mishap == "slow":
            await asyncio.sleep(0.05)
        return web.json_response({"name": f"projects/{PROJECT}/messages/{time.time_ns()}"})


def _error(
    status: int, word: str, *details: dict[str, Any], code: str = "", retry_after: str = ""
) -> web.StreamResponse:
    told = [*details, *([{"@type": _TYPE, "errorCode": code}] if code else [])]
    body = {"error": {"code": status, "message": "x", "status": word, "details": told}}
    headers = {"Retry-After": retry_after} if retry_after else {}
    return web.json_response(body, status=status, headers=headers)
