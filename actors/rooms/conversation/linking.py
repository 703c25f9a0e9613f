"""Links where the policy of a conversation blocks them: they are shown as what was said, and lead nowhere. Pure."""

import re
from typing import Any, Final

import msgspec

from actors.rooms.messages.more import Rich
from actors.rooms.room.state import RoomState

_ANCHOR: Final = re.compile(r'</?a(?:\s+[a-z]+="[^"]*")*\s*>')
"""As the server itself writes it: quotes within values are entities."""


def led_nowhere(room: RoomState, rich: Rich | None) -> Rich | None:
    """What a message is besides its words, with the verdict `blocked` on each link, where this room blocks them."""
    if rich is None or not rich.links or room.policy.links != "block":
        return rich
    links: list[dict[str, Any]] = msgspec.json.decode(rich.links)
    blocked = msgspec.json.encode([link | {"verdict": "blocked"} for link in links])
    return msgspec.structs.replace(rich, html=_ANCHOR.sub("", rich.html), links=blocked)
