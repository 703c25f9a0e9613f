"""A message as a few hundred numbers: its words, pairs of words, and pieces of words, hashed into a fixed space."""

import re
from collections.abc import Iterable
from itertools import pairwise
from typing import Final
from zlib import crc32

from ml.language.text import fold

SPACE: Final = 1 << 13
LONGEST: Final = 400  # words of a message that are looked at
PIECES: Final = (3, 4)
_WORDS: Final = re.compile(r"[a-z0-9']+|[?!]")


def features(message: str, rules: Iterable[str] = ()) -> list[int]:
    """The indices of the features that a message has, each once, in order: words, pairs, pieces, and rules that
    speak."""
    words = [one.replace("'", "") for one in _WORDS.findall(fold(message))][:LONGEST]
    found = {_place(f"w {one}") for one in words} | {_place(f"rule {rule}") for rule in rules}
    found.update(_place(f"p {one} {other}") for one, other in pairwise(words))
    for word in words:
        padded = f" {word} "
        found.update(_place(padded[at : at + size]) for size in PIECES for at in range(len(padded) - size + 1))
    return sorted(found)


def _place(text: str) -> int:
    return crc32(text.encode()) % SPACE
