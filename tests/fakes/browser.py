"""Browsers, as far as push goes, in a node process: they subscribe, and open what was sent to them (`browser.mjs`)."""

import asyncio
import base64
import json
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

_JS = Path(__file__).parents[1] / "js"


@dataclass(frozen=True)
class Subscription:
    """What a page hands over, and the private key that it keeps; all base64url."""

    p256dh: str
    auth: str
    private: str


@dataclass
class Browsers:
    """`async with Browsers() as browsers:`."""

    _node: asyncio.subprocess.Process | None = None
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def __aenter__(self) -> Self:
        pipe = asyncio.subprocess.PIPE
        self._node = await asyncio.create_subprocess_exec("node", "browser.mjs", cwd=_JS, stdin=pipe, stdout=pipe)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._node is not None
        assert self._node.stdin is not None
        self._node.stdin.close()
        await asyncio.wait_for(self._node.wait(), 5)

    async def subscribe(self) -> Subscription:
        """A new subscription."""
        return Subscription(**await self._call(op="subscribe"))

    async def open(
        self, body: bytes, mine: Subscription, *, authorization: str, audience: str, now_s: int
    ) -> dict[str, Any]:
        """`{text, key}`, or `{refused}`."""
        return await self._call(
            op="open",
            body=base64.urlsafe_b64encode(body).decode(),
            private=mine.private,
            auth=mine.auth,
            authorization=authorization,
            audience=audience,
            now_s=now_s,
        )

    async def _call(self, **request: object) -> dict[str, Any]:
        assert self._node is not None
        assert self._node.stdin is not None
        assert self._node.stdout is not None
        async with self._one_at_a_time:
            self._node.stdin.write(json.dumps(request).encode() + b"\n")
            answer: dict[str, Any] = json.loads(await self._node.stdout.readline())
        return answer
