"""One message of a socket about a document, whichever door it came by."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from actors.kernel.contract.entity import Principal
from actors.worksheets.document.commands import Saved
from actors.worksheets.document.taking import BURST_S
from actors.worksheets.yjs.messages import SyncMessage, read_message, step2_message
from actors.worksheets.yjs.refusal import UpdateRefused
from common.clock import Clock
from common.errors import CarewireError, InvalidArgument, PayloadTooLarge, RateLimited
from common.lib.buckets import BucketQuota, Buckets
from config.settings import LimitSettings, WorksheetSettings
from realtime.delivery.connections import Connection
from serve_app.capabilities.worksheets.writing.metrics import STORED, WritingMetrics
from serve_app.capabilities.worksheets.writing.sheets import OpenDocuments
from serve_app.capabilities.worksheets.writing.writings import Writings

_OVERHEAD: Final = 16  # bytes of a message beside its update


class Pace:
    """How many updates a person may send: over all sockets of the gateway. In one document the same is held over all
    gateways, by the document."""

    def __init__(self, per_s: float, limits: LimitSettings, clock: Clock) -> None:
        self._buckets = Buckets(BucketQuota(per_s, per_s * BURST_S)) if limits.enabled else None
        self._clock = clock

    def wait_s(self, user: str) -> float:
        """Count one. How long to wait, when it is one too many."""
        return 0.0 if self._buckets is None else self._buckets.take(user, self._clock.monotonic_s())

    def require(self, user: str) -> None:
        """Count one.

        Raises:
            RateLimited: it is one too many.
        """
        if wait_s := self.wait_s(user):
            raise RateLimited(
                "Too many updates. Join those of a moment.",
                retry_after_s=round(wait_s, 3),
                details={"class": "updates"},
            )


@dataclass(frozen=True, slots=True)
class MessageOutcome:
    """What became of a message. `answer`: a message for the one who sent it; `saved`: an update was stored."""

    answer: bytes | None = None
    saved: Saved | None = None


class Messages:
    """Those of one gateway."""

    def __init__(
        self,
        writings: Writings,
        sheets: OpenDocuments,
        settings: WorksheetSettings,
        *,
        metrics: WritingMetrics,
        clock: Clock,
    ) -> None:
        self._metrics, self._clock = metrics, clock
        self._writings = writings
        self._sheets = sheets
        self._most_bytes = settings.max_update_bytes

    async def handle(
        self, assignment_id: str, attempt: int, data: bytes, connection: Connection, pace: Callable[[], None]
    ) -> MessageOutcome:
        """Carry one out. `pace` is called for an update. Nothing is awaited before a command is queued.

        Raises:
            CarewireError: it is no message, or what it asks for is refused.
        """
        message = self.read(data)
        by, trace = connection.principal, connection.trace()
        if message.kind == "update":
            pace()
            saved = await self._write(assignment_id, attempt=attempt, update=message.payload, by=by, trace=trace)
            return MessageOutcome(saved=saved)
        if message.kind == "step1":
            vector = message.payload
            lacked = await self._writings.lacked(assignment_id, attempt, vector, by=by, trace=trace)
            return MessageOutcome(answer=step2_message(lacked.sync))
        try:
            self._sheets.say(assignment_id, connection, message.payload)
        except UpdateRefused as refused:
            raise _told(refused) from None
        return MessageOutcome()

    async def _write(self, assignment_id: str, *, attempt: int, update: bytes, by: Principal, trace: str) -> Saved:
        began_s, outcome = self._clock.monotonic_s(), "internal"
        try:
            saved = await self._writings.write(assignment_id, attempt, update, by=by, trace=trace)
            outcome = STORED
            self._metrics.save_s.observe(self._clock.monotonic_s() - began_s)
            return saved
        except CarewireError as error:
            outcome = error.code
            raise
        finally:
            self._metrics.became(outcome)

    def read(self, data: bytes) -> SyncMessage:
        """What these bytes are.

        Raises:
            PayloadTooLarge: they are too many.
            InvalidArgument: they are no message.
        """
        if len(data) > self._most_bytes + _OVERHEAD:
            raise PayloadTooLarge("This message is too large. Send smaller ones.")
        try:
            return read_message(data)
        except UpdateRefused as refused:
            raise _told(refused) from None


def _told(refused: UpdateRefused) -> InvalidArgument | PayloadTooLarge:
    if refused.why == "size":
        return PayloadTooLarge(refused.message)
    return InvalidArgument(refused.message, details={"field": "message"})
