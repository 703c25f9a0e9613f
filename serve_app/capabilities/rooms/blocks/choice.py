"""A question with options. Its room counts."""

from collections.abc import Mapping
from typing import Any

from actors.rooms.marks.commands import Choose
from common.errors import InvalidArgument
from serve_app.capabilities.rooms.blocks.kinds import BlockPlace, RoomAccess, Used
from serve_app.capabilities.rooms.blocks.shapes import Use, UsedBlock
from serve_app.edge.operation import Caller


class ChoiceKind:
    """See `BlockKind`."""

    def __init__(self, rooms: RoomAccess) -> None:
        self._rooms = rooms

    async def check(self, block: Mapping[str, Any], caller: Caller) -> str:
        """Anybody may ask. Raises InvalidArgument: two options are alike."""
        if len(set(block["options"])) < len(block["options"]):
            raise InvalidArgument("Each option is another.", details={"field": "blocks"})
        return "open"

    def fallback(self, block: Mapping[str, Any]) -> str:
        """The question, and its options, numbered."""
        options = "; ".join(f"{place}. {option}" for place, option in enumerate(block["options"], 1))
        return f"{block['prompt']} {options}"

    async def use(self, place: BlockPlace, block: Mapping[str, Any], use: Use, caller: Caller) -> Used:
        """Choose, or end it. Raises InvalidArgument: neither."""
        if use.choose is None and not use.close:
            raise InvalidArgument("choose is missing.", details={"field": "choose"})
        command = Choose(place.message_id, place.block_id, use.choose or (), use.close)
        answer = await self._rooms.ask(place.room_id, command, by=caller.by, trace=caller.trace)
        return Used(UsedBlock(counts=answer.counts))
