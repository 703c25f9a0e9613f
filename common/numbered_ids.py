"""Ids that sort by time and say where they belong: a message's id gives back its seq, so no index of ids is needed.

`<prefix>_` + 10 letters of time (ms) + 8 of seq + 6 that mark whose it is, in Crockford's base 32. Whoever is handed
such an id must still compare it with the event at that seq: the time in it is known to nobody else's guess.
"""

from hashlib import blake2b
from typing import Final

from common.ids import from_base32, to_base32

_PAIRS: Final = tuple(to_base32(value, 2) for value in range(1024))  # ten bits a look-up: this is on the hot path
_SEQ_AT: Final = 10
_MARK_AT: Final = 18
_LENGTH: Final = 24


def mark_of(owner: str) -> str:
    """Six letters that stand for a room, or a person, in the ids of what is theirs."""
    return to_base32(int.from_bytes(blake2b(owner.encode(), digest_size=4).digest()), 6)


def timed_id(prefix: str, at_ms: int, seq: int, mark: str) -> str:
    """`timed_id("msg", now, 17, mark)` -> `"msg_01KAFZ..."`, 24 letters behind the prefix."""
    return (
        f"{prefix}_{_PAIRS[at_ms >> 40 & 1023]}{_PAIRS[at_ms >> 30 & 1023]}{_PAIRS[at_ms >> 20 & 1023]}"
        f"{_PAIRS[at_ms >> 10 & 1023]}{_PAIRS[at_ms & 1023]}"
        f"{_PAIRS[seq >> 30 & 1023]}{_PAIRS[seq >> 20 & 1023]}{_PAIRS[seq >> 10 & 1023]}{_PAIRS[seq & 1023]}{mark}"
    )


def seq_in(id_: str, mark: str, prefix: str = "msg") -> int | None:
    """The seq that an id with this mark names; None when it cannot be one."""
    begins, _, letters = id_.partition("_")
    if begins != prefix or len(letters) != _LENGTH or letters[_MARK_AT:] != mark:
        return None
    try:
        return from_base32(letters[_SEQ_AT:_MARK_AT]) or None
    except ValueError:
        return None
