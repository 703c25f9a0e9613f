"""What a worker tells the meetings that it carries: in order within each, and said again until it is heard.

What only the latest of counts (slots, who speaks, how links do) takes the place of what has not been sent yet.
"""

import asyncio
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Final

import msgspec

from actors.kernel.contract.entity import SYSTEM
from actors.kernel.contract.ports import EntityClient
from common.errors import CarewireError
from common.lib.tasks import Tasks
from common.logs import get_logger

_log = get_logger(__name__)
_PAUSE_S: Final = 0.25
_MOST: Final = 1000  # that may wait for one meeting: beyond, it has been away for so long that it will ask anew


@dataclass(slots=True)
class _Outbox:
    epoch: int
    waiting: dict[Hashable, msgspec.Struct] = field(default_factory=dict)
    sending: "asyncio.Task[None] | None" = None


class Reporter:
    """One worker's. `entities`: the way to meetings."""

    def __init__(self, entities: EntityClient) -> None:
        self._entities = entities
        self._tasks = Tasks("media reports")
        self._boxes: dict[str, _Outbox] = {}
        self._last = 0

    def begin(self, meeting: str, epoch: int) -> None:
        """The meeting is at this epoch here: what was to be said of an earlier one is void."""
        box = self._boxes.get(meeting)
        if box is None or box.epoch != epoch:
            self._boxes[meeting] = _Outbox(epoch, sending=box.sending if box is not None else None)

    def end(self, meeting: str) -> None:
        """Nothing more is to be said of it."""
        self._boxes.pop(meeting, None)

    def say(self, meeting: str, report: msgspec.Struct, latest: Hashable = None) -> None:
        """Tell `meeting`. With `latest`, it takes the place of one of that name that waits."""
        box = self._boxes.get(meeting)
        if box is None or len(box.waiting) >= _MOST:
            return
        self._last += 1
        key = self._last if latest is None else latest
        box.waiting.pop(key, None)
        box.waiting[key] = report
        if box.sending is None or box.sending.done():
            box.sending = self._tasks.spawn(self._send(meeting))

    async def close(self) -> None:
        """Say nothing more."""
        await self._tasks.cancel()

    async def _send(self, meeting: str) -> None:
        while (box := self._boxes.get(meeting)) is not None and box.waiting:
            key, report = next(iter(box.waiting.items()))
            try:
                await self._entities.submit(f"meeting:{meeting}", report, by=SYSTEM)
            except CarewireError as error:
                if error.retryable:
                    await asyncio.sleep(_PAUSE_S)
                    continue
                _log.info("media.report_refused", code=error.code)
            if box.waiting.get(key) is report:
                del box.waiting[key]
