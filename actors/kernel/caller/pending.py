"""A command on its way: what a region keeps of it until it is answered, and how it fails without an answer."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from actors.kernel.contract import protocol
from actors.kernel.contract.entity import Principal
from common.errors import CarewireError, Unavailable

if TYPE_CHECKING:
    import asyncio


class Pending(msgspec.Struct, eq=False, kw_only=True):
    """A command that waits for its answer. `leisure_s`: how long it may wait for company before it is sent."""

    correlation_id: int
    entity: str
    command_id: bytes
    command: bytes
    by: Principal
    deadline_s: float
    trace: str
    listen: bool
    named: bool
    future: "asyncio.Future[protocol.ItemAnswer]"
    leisure_s: float = 0.0
    unread: bool = False
    sent: bool = False

    def item(self, now_s: float) -> protocol.BatchItem:
        """The command as it travels."""
        patience_ms = max(0, int((self.deadline_s - now_s) * 1000))
        return protocol.BatchItem(
            correlation_id=self.correlation_id,
            entity=self.entity,
            command_id=self.command_id,
            command=self.command,
            by=self.by,
            patience_ms=patience_ms,
            trace=self.trace,
            listen=self.listen,
            named=self.named,
            again=self.sent,
            unread=self.unread,
        )


def gave_up() -> Unavailable:
    """The error for whoever got no answer in time."""
    return Unavailable("No answer in time. It may have happened: try again with the same client_id.", retry_after_s=1.0)


def fail(pending: Pending, error: CarewireError) -> None:
    """Answer a command with an error of our own."""
    if not pending.future.done():
        pending.future.set_exception(error)


def fail_all(pendings: Iterable[Pending], error: CarewireError) -> None:
    """Answer all of them with an error of our own."""
    for pending in pendings:
        fail(pending, error)
