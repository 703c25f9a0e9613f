"""Rules for the small texts of a room: ids, titles, kinds, client ids, attachments."""

from collections.abc import Iterable
from typing import Final

import msgspec

from common.errors import InvalidArgument
from common.ids import is_id
from common.lines import is_line
from config.settings import RoomSettings

MOST_NAMED: Final = 1000  # users that one command may name: one turn must hold their letters
_LONGEST_KIND: Final = 32
_OUR_KIND: Final = "system"
_LONGEST_CLIENT_ID: Final = 128
_decode_attachments: Final = msgspec.json.Decoder(list[dict[str, msgspec.Raw]]).decode


def invalid(message: str, field: str) -> InvalidArgument:
    """The error for a member of the payload that cannot be accepted."""
    return InvalidArgument(message, details={"field": field})


def user_ids(users: Iterable[str], field: str) -> list[str]:
    """These users, each once, in their order.

    Raises:
        InvalidArgument: one is no id, or they are too many.
    """
    named = list(dict.fromkeys(users))
    if len(named) > MOST_NAMED:
        raise invalid(f"Name at most {MOST_NAMED} users at once.", field)
    if not all(map(is_id, named)):
        raise invalid("Not a user id.", field)
    return named


def title(text: str, settings: RoomSettings) -> str:
    """A title without the white space around it.

    Raises:
        InvalidArgument: it is too long, or holds control characters.
    """
    text = text.strip()
    if len(text) > settings.max_title_chars:
        raise invalid(f"A title has at most {settings.max_title_chars} characters.", "title")
    if not is_line(text):
        raise invalid("A title has no control characters.", "title")
    return text


def check_kind(text: str) -> None:
    """Raises InvalidArgument unless `text` can be the kind of a message that a client posts."""
    if len(text) > _LONGEST_KIND or not is_id(text):
        raise invalid(f"The kind of a message is a short name, at most {_LONGEST_KIND} characters.", "kind")
    if text.casefold() == _OUR_KIND:
        raise invalid(f"Messages of the kind `{_OUR_KIND}` are Carewire's own. Choose another kind.", "kind")


def check_client_id(text: str) -> None:
    """Raises InvalidArgument unless `text` can be a client's id of a message."""
    if not 1 <= len(text) <= _LONGEST_CLIENT_ID or not is_line(text):
        raise invalid(f"A client_id has 1 to {_LONGEST_CLIENT_ID} characters, no control characters.", "client_id")


def check_attachments(encoded: bytes, settings: RoomSettings) -> bool:
    """Are there any? `encoded` is a JSON array of objects.

    Raises:
        InvalidArgument: it is not, or there are too many.
    """
    try:
        attachments = _decode_attachments(encoded)
    except (msgspec.MsgspecError, RecursionError):
        raise invalid("Attachments are a list of objects.", "attachments") from None
    if len(attachments) > settings.max_attachments:
        raise invalid(f"A message has at most {settings.max_attachments} attachments.", "attachments")
    return bool(attachments)
