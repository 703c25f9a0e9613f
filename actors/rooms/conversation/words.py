"""That nobody who is spoken about is named: their id, their address, the parts of their name.

Who they are is sealed, and their name is an account's to know. So the service looks the words up and sends them with
what it asks; a room that needs them and has not got them says so, to the service alone (`MISSING`).
"""

import re
from collections.abc import Iterable
from typing import Final
from unicodedata import normalize

from actors.rooms.room.state import RoomState
from common.errors import FailedPrecondition

MISSING: Final = "words"
"""The reason of a refusal that no client sees: the service is to ask again, with the words."""
NAMED: Final = "names_client"
_SHORTEST: Final = 3
_WORD: Final = re.compile(r"\w+")


def words_of(user: str, name: str, email: str) -> tuple[str, ...]:
    """What must not be said of this person: id and address as they are, parts of the name of three letters or more."""
    parts = [part for part in _WORD.findall(name) if len(part) >= _SHORTEST]
    return tuple(dict.fromkeys(_folded(one) for one in (user, email, *parts) if one))


def check(room: RoomState, texts: Iterable[str], words: tuple[str, ...] | None) -> None:
    """Raises FailedPrecondition: one of the texts names the client, or it cannot be told without `words`."""
    binding = room.binding
    if binding is None or not binding.about:
        return
    if words is None:
        raise FailedPrecondition("This cannot be told just now.", details={"reason": MISSING})
    refuse_names(texts, words)


def refuse_names(texts: Iterable[str], words: tuple[str, ...]) -> None:
    """Raises FailedPrecondition: one of the texts holds one of the words, as a whole."""
    if any(_holds(_folded(text), word) for text in texts for word in words):
        raise FailedPrecondition(
            "This names the client of whom you speak. Use their alias instead.", details={"reason": NAMED}
        )


def _holds(text: str, word: str) -> bool:
    start = text.find(word)
    while start >= 0:
        end = start + len(word)
        if not _joined(text, start - 1) and not _joined(text, end):
            return True
        start = text.find(word, start + 1)
    return False


def _joined(text: str, place: int) -> bool:
    return 0 <= place < len(text) and (text[place].isalnum() or text[place] == "_")


def _folded(text: str) -> str:
    return normalize("NFKC", text).casefold()
