"""What holds words back in a room that holds, and what nobody may put beside them there. Pure."""

import re
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from actors.rooms.conversation.policy import Policy
from actors.rooms.room.rules import invalid
from actors.rooms.room.state import RoomState
from actors.rooms.safety.record import Screen
from common.errors import FailedPrecondition

_SPOKEN: Final = frozenset({"alt", "caption", "name", "title", "text", "prompt", "options"})
_OF_FILES: Final = frozenset({"file_id", "alt"})
_UUID: Final = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_PHONE: Final = "phone"
_DIALLED: Final = re.compile(r"(?:\+|00?)[1-9][\d ()./-]{5,}")
_json: Final = msgspec.json.Decoder().decode


def found_in(room: RoomState, *texts: str | bytes) -> tuple[str, ...]:
    """Kinds of what would hold these words in this room; JSON is looked through for what people read of it."""
    binding = room.binding
    return _found(room.screen, room.policy, "" if binding is None else binding.relation, *texts)


def refuse(screen: Screen | None, policy: Policy, relation: str, field: str, text: str) -> None:
    """Raises FailedPrecondition (reason `held`): these words would be held, and are no message that could wait."""
    if found := _found(screen, policy, relation, text):
        raise FailedPrecondition(
            "This holds what is looked at here before others see it. Say it in a message.",
            details={"field": field, "reason": "held", "matched": list(found)},
        )


def check_client_id(room: RoomState, client_id: str) -> None:
    """Raises InvalidArgument: others read a client's own id of a message, too. One that only counts is let through."""
    if not client_id or _UUID.fullmatch(client_id):
        return
    found = found_in(room, client_id)
    if any(kind != _PHONE or _DIALLED.fullmatch(client_id.strip()) for kind in found):
        raise invalid("Here a client_id says nothing: use a UUID.", "client_id")


def check_attached(room: RoomState, attachments: bytes) -> None:
    """Raises InvalidArgument: where words are held, files alone are attached; what else says something is not read."""
    if attachments and room.policy.screening == "hold" and not all(map(_is_file, _json(attachments))):
        raise invalid("Here only files can be attached: file_id, alt.", "attachments")


def _found(screen: Screen | None, policy: Policy, relation: str, *texts: str | bytes) -> tuple[str, ...]:
    if policy.screening != "hold" or screen is None:
        return ()
    plain = (text if isinstance(text, str) else spoken(text) for text in texts if text)
    found = [one for text in plain for one in screen(text, relation)]
    return tuple(dict.fromkeys(found))


def _is_file(attached: Any) -> bool:
    return isinstance(attached, dict) and set(attached) <= _OF_FILES and isinstance(attached.get("file_id"), str)


def spoken(document: bytes) -> str:
    """What people read of a JSON document (attachments, blocks), a line each; b"": nothing."""
    return "\n".join(_said(_json(document))) if document else ""


def _said(value: object, *, inside: bool = False) -> Iterable[str]:
    """What people read of a JSON document: captions and the like, never ids."""
    if isinstance(value, str):
        yield from (value,) if inside else ()
    elif isinstance(value, list):
        for one in value:
            yield from _said(one, inside=inside)
    elif isinstance(value, dict):
        for name, one in value.items():
            yield from _said(one, inside=name in _SPOKEN)
