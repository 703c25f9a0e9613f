"""Tokens for tests of the verifier: good ones, and ones that are put together by hand."""

import base64
import json
from typing import Any

import jwt

from common.auth.verifier import Verifier
from config.settings import AuthSettings

SECRET = "a secret of at least thirty-two bytes, for tests only"
NOW_MS = 1_763_631_000_000
NOW_S = NOW_MS // 1000


class StillClock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.ms = NOW_MS

    def now_ms(self) -> int:
        return self.ms

    def platform_ms(self) -> int:
        return self.now_ms()

    def monotonic_s(self) -> float:
        return self.ms / 1000

    def advance(self, seconds: float) -> None:
        self.ms += int(seconds * 1000)


def claims(**changes: Any) -> dict[str, Any]:
    sound = {"sub": "alice", "role": "client", "device": "d1", "exp": NOW_S + 60, "iat": NOW_S, "jti": "t1"} | changes
    return {name: value for name, value in sound.items() if value is not ...}


def signed(algorithm: str = "HS256", key: Any = SECRET, headers: dict[str, Any] | None = None, **changes: Any) -> str:
    return jwt.encode(claims(**changes), key, algorithm=algorithm, headers=headers)


def raw(header: object, payload: object, signature: bytes = b"") -> str:
    def part(value: object) -> str:
        text = value if isinstance(value, bytes) else json.dumps(value).encode()
        return base64.urlsafe_b64encode(text).rstrip(b"=").decode()

    return f"{part(header)}.{part(payload)}.{part(signature)}"


def a_verifier(clock: StillClock | None = None, **settings: Any) -> Verifier:
    return Verifier(AuthSettings(leeway_s=5, **settings), clock or StillClock(), secret=SECRET)
