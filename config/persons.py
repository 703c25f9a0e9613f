"""Whose data an answer holds: found in the answer itself, so that no endpoint can forget to say. Pure."""

from typing import Any, Final

import msgspec

MOST: Final = 200  # a page holds no more
_NAMES: Final = ("client_id", "subject", "subject_id")
_decode: Final = msgspec.json.Decoder().decode


def persons_in(answer: bytes, *, but: str) -> list[str]:
    """The users whom a JSON answer tells of, without the reader (`but`), each once and at most `MOST`: clients of
    bookings, senders of messages, subjects of records, and the user that the whole answer is about. None when it is
    no JSON."""
    try:
        document = _decode(answer)
    except msgspec.DecodeError:
        return []
    found = {_named(document, "user_id")} if isinstance(document, dict) else set()
    waiting: list[Any] = [document]
    while waiting and len(found) <= MOST:
        node = waiting.pop()
        if isinstance(node, dict):
            # The `client_id` of a message is its sender's own mark, and no user.
            found.update(_named(node, name) for name in (("sender_id",) if "sender_id" in node else _NAMES))
            waiting.extend(value for value in node.values() if isinstance(value, dict | list))
        elif isinstance(node, list):
            waiting.extend(node)
    return sorted(found - {but, ""})[:MOST]


def _named(node: dict[str, Any], name: str) -> str:
    value = node.get(name)
    return value if isinstance(value, str) else ""
