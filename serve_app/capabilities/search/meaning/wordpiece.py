"""Texts as the pieces that the model was trained on: lower case, no accents, the longest piece of its vocabulary first.
Pure. Source: Devlin et al. 2018, arXiv:1810.04805; `BertTokenizer`, whose vocabulary (Apache-2.0) lies beside."""

import gzip
import unicodedata
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Final

_FOLDER: Final = "serve_app.capabilities.search.meaning"
_BEGIN, _END, _UNKNOWN = "[CLS]", "[SEP]", "[UNK]"
_LONGEST_WORD: Final = 100
_ASCII_SIGNS: Final = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
_IDEOGRAPHS: Final = ((0x3400, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x2FA1F))


def vocabulary() -> dict[str, int]:
    """The pieces and their numbers."""
    packed = (files(_FOLDER) / "vocabulary.txt.gz").read_bytes()
    return {piece: number for number, piece in enumerate(gzip.decompress(packed).decode().split("\n"))}


def numbers(text: str, known: Mapping[str, int], most: int) -> list[int]:
    """The numbers of the pieces of a text, `most` at most, with the marks of its beginning and end."""
    found: list[int] = []
    for word in _words(text):
        found += [known[piece] for piece in _pieces(word, known)]
        if len(found) >= most - 2:
            break
    return [known[_BEGIN], *found[: most - 2], known[_END]]


def _words(text: str) -> Iterator[str]:
    folded = unicodedata.normalize("NFD", text.lower())
    spaced = (_spaced(sign) for sign in folded if unicodedata.category(sign) != "Mn")
    yield from "".join(spaced).split()


def _spaced(sign: str) -> str:
    if sign.isalnum():
        return f" {sign} " if any(low <= ord(sign) <= high for low, high in _IDEOGRAPHS) else sign
    if sign.isspace():
        return " "
    category = unicodedata.category(sign)
    if sign in _ASCII_SIGNS or category.startswith("P"):
        return f" {sign} "
    return "" if category.startswith("C") or sign == "\ufffd" else sign


def _pieces(word: str, known: Mapping[str, int]) -> list[str]:
    if len(word) > _LONGEST_WORD:
        return [_UNKNOWN]
    found: list[str] = []
    at = 0
    while at < len(word):
        before = "##" if at else ""
        end = next((end for end in range(len(word), at, -1) if before + word[at:end] in known), None)
        if end is None:
            return [_UNKNOWN]
        found.append(before + word[at:end])
        at = end
    return found
