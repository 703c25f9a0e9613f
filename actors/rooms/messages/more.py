"""The parts of a message beyond words and attachments: none of it costs a plain message anything but two bytes.

`More` lies in the clear in its event (ids, marks), `Rich` is sealed with the words, `Margin` is what was noted about
the message later, beside it: none of that changes what it says, so it takes no number.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from actors.kernel.contract.entity import Event
from actors.rooms.marks.events import Acknowledged, BlockReserved, BlockSet, Chosen

AnyMarginal = Acknowledged | BlockReserved | BlockSet | Chosen
MARGINAL: Final = (Acknowledged, BlockReserved, BlockSet, Chosen)


class More(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """In the clear. `root`: the message that its thread began with, where that is not the one it answers. `source`: who
    made it, where no user typed it there and then. Add members with defaults at the end."""

    format: str = "plain"
    mentions: tuple[str, ...] = ()
    mention_all: bool = False
    priority: str = "normal"
    ack_requested: bool = False
    root: str = ""
    source: str = "user"


PLAIN: Final = More()


class Rich(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Sealed with the words. `html`: what the markdown says; `links`, `blocks`: JSON arrays, as they are shown.
    `encrypted`: a JSON object, what a device has sealed. Add
    members with defaults at the end."""

    html: str = ""
    links: bytes = b""
    blocks: bytes = b""
    encrypted: bytes = b""


class Margin(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Noted later. `version`: how many notes. `acks`: who acknowledged it, when. Of blocks, by id: `states` that are no
    longer as posted, `chosen` options of each user, who has it in hand (`reserved`, until when), and which booking
    was made with it (`refs`)."""

    version: int = 0
    acks: dict[str, int] = {}
    states: dict[str, str] = {}
    chosen: dict[str, dict[str, tuple[int, ...]]] = {}
    reserved: dict[str, tuple[str, int]] = {}
    refs: dict[str, str] = {}


NOTHING_NOTED: Final = Margin()


def reworded(more: More | None, before: Rich | None, now: Rich | None) -> Rich | None:
    """What a changed message is besides its words: its blocks stay, links are those of the new words, and it is
    markdown if it was."""
    now = now or Rich()
    formatted = more is not None and more.format == "markdown"
    blocks = b"" if before is None else before.blocks
    rich = Rich(html=now.html if formatted else "", links=now.links, blocks=blocks)
    return None if rich == Rich() else rich


def noted(margin: Margin | None, event: AnyMarginal) -> Margin:
    """The margin with one note more. What is so already changes nothing but the count."""
    before = margin or NOTHING_NOTED
    return msgspec.structs.replace(before, version=before.version + 1, **_change(before, event))


def _change(before: Margin, event: AnyMarginal) -> dict[str, object]:
    match event:
        case Acknowledged():
            return {"acks": before.acks | {event.author: before.acks.get(event.author, event.at)}}
        case Chosen():
            block = {**before.chosen.get(event.block, {}), event.author: event.options}
            return {"chosen": before.chosen | {event.block: block}}
        case BlockReserved():
            return {"reserved": before.reserved | {event.block: (event.author, event.until)}}
        case BlockSet():
            return {
                "states": before.states | {event.block: event.state},
                "refs": before.refs | {event.block: event.ref},
                "reserved": {block: held for block, held in before.reserved.items() if block != event.block},
            }


def is_marginal(event: Event) -> bool:
    """Is it one that is noted about a message?"""
    return isinstance(event, MARGINAL)


def counts_of(chosen: Mapping[str, tuple[int, ...]], options: int) -> list[int]:
    """The number of choices of each option."""
    return [sum(place in picked for picked in chosen.values()) for place in range(options)]
