"""What all types of blocks have: `check` when one is posted, `use` when somebody uses it, words for whoever cannot show
it, and the state that it begins in."""

from collections.abc import Mapping
from typing import Any, Protocol, TypeVar

import msgspec

from actors.kernel.contract.answers import Reply
from actors.kernel.contract.entity import Command, Principal
from serve_app.capabilities.rooms.blocks.shapes import Use, UsedBlock
from serve_app.capabilities.table import JsonAnswer
from serve_app.edge.operation import Caller

R = TypeVar("R")


class RoomAccess(Protocol):
    """What is asked of rooms (`actors.rooms.service.Rooms`)."""

    async def ask(self, room_id: str, command: Command[R], *, by: Principal, trace: str = "") -> R: ...

    async def submit(self, room_id: str, command: Command[Any], *, by: Principal, trace: str = "") -> Reply: ...


class Operations(Protocol):
    """What other capabilities offer (`serve_app.capabilities.table.OperationTable`)."""

    async def ask(self, name: str, members: Mapping[str, Any], caller: Caller) -> JsonAnswer: ...


class BlockPlace(msgspec.Struct, frozen=True):
    """Where a block stands."""

    room_id: str
    message_id: str
    block_id: str


class Used(msgspec.Struct, frozen=True):
    """What came of using a block, and whom that tells of."""

    body: UsedBlock
    persons: list[str] = []


class BlockKind(Protocol):
    """A type of block. `block` is as it is sent and shown: a JSON object with its `type`."""

    async def check(self, block: Mapping[str, Any], caller: Caller) -> str:
        """May this person post it? The state that it begins in. Raises CarewireError."""
        ...

    def fallback(self, block: Mapping[str, Any]) -> str:
        """The block in words."""
        ...

    async def use(self, place: BlockPlace, block: Mapping[str, Any], use: Use, caller: Caller) -> Used:
        """What this person does with it, by their own right to what it stands for. Raises CarewireError."""
        ...
