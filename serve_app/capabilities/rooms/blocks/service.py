"""Blocks when they are posted and used: the table of their types."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from actors.rooms.marks.commands import GetBlock
from actors.rooms.room.commands import Post
from common.clock import Clock
from serve_app.capabilities.rooms.blocks import references
from serve_app.capabilities.rooms.blocks.choice import ChoiceKind
from serve_app.capabilities.rooms.blocks.kinds import BlockKind, BlockPlace, Operations, RoomAccess, Used
from serve_app.capabilities.rooms.blocks.shapes import BlockBody, Use
from serve_app.capabilities.rooms.blocks.slots import SlotsKind
from serve_app.capabilities.rooms.writing.composing import with_blocks, with_files
from serve_app.edge.operation import Caller

_to_json: Final = msgspec.json.Encoder().encode


class MessageBlocks:
    """One a process."""

    def __init__(self, rooms: RoomAccess, operations: Operations, clock: Clock) -> None:
        self._rooms = rooms
        self._kinds: Final[Mapping[str, BlockKind]] = {
            "choice": ChoiceKind(rooms),
            "slots": SlotsKind(rooms, operations, clock),
            "payment": references.payment(operations),
            "worksheet": references.worksheet(operations),
            "file": references.file(operations, "A file"),
            "image": references.file(operations, "A picture"),
        }

    async def posted(self, post: Post, blocks: Sequence[BlockBody], caller: Caller) -> Post:
        """The message with its blocks, each with an id, a fallback and the state that it begins in.

        Raises:
            CarewireError: one of them is not this person's to post, or not to be had here.
        """
        shown: list[dict[str, Any]] = []
        for number, body in enumerate(blocks, 1):
            block: dict[str, Any] = msgspec.to_builtins(body)
            kind = self._kinds[block["type"]]
            state = await kind.check(block, caller)
            shown.append(block | {"block_id": f"blk_{number}", "fallback": kind.fallback(block), "state": state})
        return with_files(with_blocks(post, _to_json(shown)), [one["file_id"] for one in shown if "file_id" in one])

    async def use(self, place: BlockPlace, use: Use, caller: Caller) -> Used:
        """What somebody does with a block. Raises CarewireError."""
        command = GetBlock(place.message_id, place.block_id)
        found = await self._rooms.ask(place.room_id, command, by=caller.by, trace=caller.trace)
        return await self._kinds[found.block["type"]].use(place, found.block, use, caller)
