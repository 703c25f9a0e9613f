"""Words at one slip: a letter wrong, missing, too many, or two of them swapped. Nothing is kept in an index for them:
they are tried for words that occur nowhere, and those that exist count."""

import unicodedata
from collections.abc import Iterator
from typing import Final

SHORTEST: Final = 3  # shorter words are one slip from everything
LONGEST: Final = 32

_ALPHABETS: Final = {
    "LATIN": "abcdefghijklmnopqrstuvwxyz",
    "GREEK": "αβγδεζηθικλμνξοπρστυφχψω",
    "CYRILLIC": "абвгдежзийклмнопрстуфхцчшщъыьэюя",
    "HEBREW": "אבגדהוזחטיךכלםמןנסעףפץצקרשת",
    "ARABIC": "ابتثجحخدذرزسشصضطظعغفقكلمنهوية",
    "ARMENIAN": "աբգդեզէըթժիլխծկհձղճմյնշոչպջռսվտրցւփքօֆ",
    "GEORGIAN": "აბგდევზთიკლმნოპჟრსტუფქღყშჩცძწჭხჯჰ",
}


def neighbours(word: str) -> Iterator[str]:
    """All that are one slip away, of the letters of the word's script, some of them twice. None of a word that has
    digits or signs in it, is too short or too long, or whose script has more letters than can be tried."""
    alphabet = _alphabet(word)
    if alphabet is None or not SHORTEST <= len(word) <= LONGEST:
        return
    for at in range(len(word) + 1):
        before, after = word[:at], word[at:]
        for letter in alphabet:
            yield before + letter + after
        if not after:
            continue
        yield before + after[1:]
        for letter in alphabet:
            if letter != after[0]:
                yield before + letter + after[1:]
        if len(after) > 1 and after[0] != after[1]:
            yield before + after[1] + after[0] + after[2:]


def _alphabet(word: str) -> str | None:
    if not word.isalpha():
        return None
    scripts = {unicodedata.name(letter, "").partition(" ")[0] for letter in word}
    return _ALPHABETS.get(scripts.pop()) if len(scripts) == 1 else None
