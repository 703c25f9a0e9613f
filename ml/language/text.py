"""One normal form for all text that is matched: complaints, histories, allergies, medicines, messages."""

import re
import unicodedata
from typing import Final

_QUOTES: Final = str.maketrans(
    dict.fromkeys(
        "\u2018\u2019\u201a\u201b\u2032\u2035\u02b9\u02bb\u02bc\u02bd\u02c8\u0060\u00b4\uff07\u055a\ua78c", "'"
    )
    | dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u2036\u00ab\u00bb", '"')
    | {"\u2026": "...", "\u2044": "/", "\u2215": "/", "\u00df": "ss", "&": " and "}
)
_BLANK: Final = frozenset("\u115f\u1160\u3164\uffa0\u2800")  # letters and symbols of scripts that show nothing
_SELECTORS: Final = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef\u034f\u17b4\u17b5]")
_INVISIBLE: Final = (
    "[\u00ad\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0001-\U000e007f]"
)
_BETWEEN: Final = re.compile(f"(?<=\\w){_INVISIBLE}+(?=\\w)")
_UNSEEN: Final = re.compile(_INVISIBLE)
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")
_DASHES: Final = r"[-\u2010-\u2015\u2212_/]"
_JOINED: Final = re.compile(rf"{_DASHES}+(?=[a-z])|(?<=[a-z]){_DASHES}+")
_EITHER: Final = re.compile(r"(?<=[a-z]{3})/(?=[a-z]{3})")
_NOT_IN_A_NAME: Final = re.compile(r"[^a-z0-9%.,]+|(?<!\d)[.,]|[.,](?!\d)")


def seen(text: str, *, gap: str = "") -> str:
    """The text as a reader sees it, in small letters: compatibility forms, accents and invisible characters folded
    away.

    `gap` is what stands for invisible characters between two letters: nothing, or a blank where they part words.
    """
    if text.isascii():
        return _CONTROL.sub(" ", text.lower()).replace("`", "'").replace("&", " and ")
    text = _UNSEEN.sub("", _BETWEEN.sub(gap, unicodedata.normalize("NFKC", text.translate(_QUOTES))))
    text = unicodedata.normalize("NFD", _SELECTORS.sub("", text).lower())
    return "".join(_visible(one) for one in text if not unicodedata.combining(one)).translate(_QUOTES)


def fold(text: str, *, gap: str = "") -> str:
    """Running text as words are looked up in it: `seen`, hyphens and slashes within words apart."""
    return _JOINED.sub(" ", _EITHER.sub(" or ", seen(text, gap=gap)))


def has_hidden_gaps(text: str) -> bool:
    """Does something invisible stand between two letters? It may hide a word, or part two."""
    return not text.isascii() and _BETWEEN.search(text) is not None


def name_key(text: str) -> str:
    """A name as it is looked up, words and numbers alone: "St. John\u2019s-Wort" and "st johns wort" are one."""
    return " ".join(_NOT_IN_A_NAME.sub(" ", re.sub(r"(?<=\w)'(?=\w)", "", seen(text))).split())


def _visible(one: str) -> str:
    if one in _BLANK or (one != "\n" and unicodedata.category(one) in ("Cc", "Zs", "Zl", "Zp")):
        return " "
    return "" if unicodedata.category(one) == "Cf" else one
