"""The caller of a command, and the command while it waits for its turn."""

from typing import Any, Protocol

import msgspec

from actors.kernel.contract.entity import Principal
from actors.kernel.contract.protocol import ItemAnswer

StoredReply = tuple[bytes, int]  # a reply, and the version that it reflects


class TurnCaller(Protocol):
    """A caller that waits for an answer: a subscriber's session, or the shard itself."""

    def answer(self, answer: ItemAnswer) -> None:
        """Called exactly once for each submission that is not given up."""

    def listen(self, topic: str, version: int) -> None:
        """From now on, hear the deliveries of `topic` above `version`."""


class WaitingCommand(msgspec.Struct, eq=False, kw_only=True):
    """A command that waits for its turn. `deadline_s` is monotonic: after it, nobody waits any more."""

    caller: TurnCaller
    correlation_id: int
    command_id: bytes
    command: Any
    by: Principal
    deadline_s: float
    trace: str = ""
    listen: bool = False
    again: bool = False  # repeated by the region or the shard, not by the user
    unread: bool = False  # nobody looks at what is answered
    unchecked: bool = False  # may have been carried out before, and memory may not know
    stored: StoredReply | None = None  # the reply that the journal has of it
