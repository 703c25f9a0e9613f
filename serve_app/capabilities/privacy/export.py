"""Everything that is stored of a person, as one JSON document (GDPR, articles 15 and 20), streamed: section by section
of each capability, so that none of it need fit into memory."""

from collections.abc import AsyncIterator, Sequence
from typing import Final

import msgspec

from actors.kernel.contract.entity import Principal
from common.clock import Clock, to_rfc3339
from serve_app.capabilities.capability import Personal

_to_json: Final = msgspec.json.encode


class Export:
    """One a replica of the API."""

    def __init__(self, personal: Sequence[Personal], clock: Clock) -> None:
        self._personal = personal
        self._clock = clock

    async def of(self, who: Principal, trace: str) -> AsyncIterator[bytes]:
        """The document in pieces. Breaks off with a CarewireError where a part cannot be read."""
        yield b'{"user_id":' + _to_json(who.user) + b',"exported_at":' + _to_json(to_rfc3339(self._clock.now_ms()))
        for capability in self._personal:
            async for name, content in capability.export(who, trace):
                yield b"," + _to_json(name) + b":"
                async for piece in _pieces(content):
                    yield piece
        yield b"}"


async def _pieces(content: object) -> AsyncIterator[bytes]:
    """A document in one piece, rows one by one."""
    if not isinstance(content, AsyncIterator):
        yield _to_json(content)
        return
    before = b"["
    async for row in content:
        yield before + _to_json(row)
        before = b","
    yield b"[]" if before == b"[" else b"]"
