"""Reactions: one emoji each, and under which form of it they are counted.

Reactions are kept in the clear and outlive their author, so they must not be able to quote anybody: only what Unicode
recommends for general interchange (RGI, UTS #51) is taken, which is a closed list, without free tags or joined chains
that could carry text unseen. An emoji counts as one with and without its variation selectors; it is kept fully
qualified.
"""

from collections.abc import Mapping
from typing import Final

from emoji import EMOJI_DATA, STATUS

from actors.rooms.room.rules import invalid

_SELECTORS: Final = str.maketrans("", "", "\ufe0e\ufe0f")  # text and emoji presentation
_QUALIFIED: Final[Mapping[str, str]] = {
    emoji.translate(_SELECTORS): emoji
    for emoji, about in EMOJI_DATA.items()
    if about["status"] == STATUS["fully_qualified"]
}


def form_of(reactions: Mapping[str, tuple[str, ...]], text: str, user: str, *, added: bool) -> str:
    """The key under which `text` counts among these reactions of a message, which may hold older forms: unqualified
    ones, and texts that are no emoji, which may only be taken off. One's own comes before that of others.

    Raises:
        InvalidArgument: `text` is no emoji.
    """
    text = text.strip()
    folded = text.translate(_SELECTORS)
    qualified = _QUALIFIED.get(folded)
    if qualified is None:
        if text in reactions and not added:
            return text
        raise invalid("A reaction is one emoji.", "emoji")
    there = [form for form in reactions if form.translate(_SELECTORS) == folded]
    own = (form for form in there if user in reactions[form])
    return next(own, there[0] if there else qualified)
