"""The members of a message object that only some messages have."""

from collections.abc import Iterator
from typing import Any, Final, Protocol

import msgspec

from actors.rooms.messages.more import NOTHING_NOTED, Margin, More, Rich, counts_of
from actors.rooms.messages.wire_message import WireAck, WireLink, WireThread
from actors.rooms.room.sight import OPEN, Sight

_links: Final = msgspec.json.Decoder(list[WireLink]).decode
_blocks: Final = msgspec.json.Decoder(list[dict[str, Any]]).decode


class NotedMessage(Protocol):
    """What is looked at of a message (`chat_message.Message`)."""

    @property
    def root(self) -> str | None: ...
    @property
    def deleted_at(self) -> int | None: ...
    @property
    def edits(self) -> tuple[int, ...]: ...
    @property
    def after_read(self) -> bool: ...
    @property
    def pinned(self) -> bool: ...
    @property
    def more(self) -> More | None: ...
    @property
    def margin(self) -> Margin | None: ...


def shown_besides(message: NotedMessage, rich: Rich | None, sight: Sight = OPEN) -> dict[str, object]:
    """The members that apply, by name. Of a message that was taken back: none that tells what it said."""
    return dict(_members(message, rich, sight))


def blocks_of(rich: Rich | None, margin: Margin | None) -> list[dict[str, Any]]:
    """Blocks with what became of them."""
    return [] if rich is None or not rich.blocks else _with_states(rich.blocks, margin or NOTHING_NOTED)


def _members(message: NotedMessage, rich: Rich | None, sight: Sight) -> Iterator[tuple[str, object]]:
    if (root := message.root) is not None:
        yield "thread", WireThread(root_id=root)
    if message.deleted_at is not None:
        return
    if message.edits:
        yield "edits", len(message.edits)
        if message.after_read:
            yield "edited_after_read", True
    if message.pinned:
        yield "pinned", True
    if message.more is not None:
        yield from _marks(message.more, message.margin or NOTHING_NOTED, sight)
    if rich is not None:
        yield from _words(rich, message.margin or NOTHING_NOTED)


def _marks(more: More, margin: Margin, sight: Sight) -> Iterator[tuple[str, object]]:
    if more.format != "plain":
        yield "format", more.format
    if more.mentions:
        yield "mentions", tuple(map(sight.name, more.mentions))
    if more.mention_all:
        yield "mention_all", True
    if more.priority != "normal":
        yield "priority", more.priority
    if more.ack_requested:
        yield "ack", WireAck(requested=True, by=list(map(sight.name, margin.acks)))
    if more.source != "user":
        yield "source", more.source


def _words(rich: Rich, margin: Margin) -> Iterator[tuple[str, object]]:
    if rich.html:
        yield "html", rich.html
    if rich.blocks:
        yield "blocks", _with_states(rich.blocks, margin)
    if rich.encrypted:
        yield "encrypted", msgspec.json.decode(rich.encrypted)
    if rich.links:
        yield "links", _links(rich.links)


def _with_states(packed: bytes, margin: Margin) -> list[dict[str, Any]]:
    return [_block(block, margin) for block in _blocks(packed)]


def _block(block: dict[str, Any], margin: Margin) -> dict[str, Any]:
    """A block with what became of it since it was posted."""
    mark = block["block_id"]
    state = margin.states.get(mark, block.get("state"))
    shown = block | ({} if state is None else {"state": state})
    if block["type"] == "choice":
        shown["counts"] = counts_of(margin.chosen.get(mark, {}), len(block["options"]))
    return shown
