"""From words to tokens: 9 bytes of HMAC-SHA256 over field and word, under the key of the index, as base64url. Without
the key a token tells nothing but which other documents have it; with the key one can test words."""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from typing_extensions import override

from serve_app.capabilities.search.analysis import Analyser
from serve_app.capabilities.search.port import Field, Term

TOKEN_BYTES: Final = 9
SHORTEST_BEGINNING: Final = 3
LONGEST_BEGINNING: Final = 10
_CACHED: Final = 50_000  # pieces between spaces
_LONGEST_CACHED: Final = 40
_BLOCK_BYTES: Final = 64  # of SHA-256


_Tokens = tuple[tuple[str, ...], dict[str, None]]
"""Of one piece: of its words, and of their beginnings."""


@dataclass(frozen=True, slots=True)
class IndexKey:
    """A key of at most 64 bytes, and its id. The id is told, the secret stays where is indexed and searched."""

    id: str
    secret: bytes

    @override
    def __repr__(self) -> str:
        return f"IndexKey({self.id})"


@dataclass(frozen=True, slots=True)
class Blinded:
    """The tokens of a document: `words` as often as they stand in it, `beginnings` once each."""

    words: Sequence[str]
    beginnings: Sequence[str]


class Blinder:
    """Tokens under one key, of words as one analyser sees them."""

    def __init__(self, key: IndexKey, analyser: Analyser) -> None:
        self.key, self.analyser = key, analyser
        padded = key.secret.ljust(_BLOCK_BYTES, b"\0")  # RFC 2104, with both blocks of the key hashed once
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in padded))
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in padded))
        self._chunks: dict[str, _Tokens] = {}

    def token(self, field: Field, text: str) -> str:
        """The token of one form of a word, or of one beginning. Not remembered: slips are tried with it."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(f"{field}\0{text}".encode("utf-8", "surrogatepass"))
        outer.update(inner.digest())
        return urlsafe_b64encode(outer.digest()[:TOKEN_BYTES]).decode()

    def terms(self, word: str) -> tuple[Term, ...]:
        """What a word is looked for by: one of them for each of its forms."""
        return tuple(Term(self.token("words", form)) for form in self.analyser.forms(word))

    def beginning(self, text: str) -> Term:
        """What the beginning of a longer word is looked for by, beside the word that it may be itself. One of more than
        `LONGEST_BEGINNING` letters finds all that begin with its first ones, one of less than `SHORTEST_BEGINNING`
        none."""
        return Term(self.token("beginnings", text[:LONGEST_BEGINNING]), "beginnings")

    def document(self, names: Iterable[str], texts: Iterable[str], *, beginnings_of_texts: bool) -> Blinded:
        """The tokens of a document. Beginnings are for `names` and titles, and for `texts` if asked."""
        words: list[str] = []
        begun: dict[str, None] = {}
        parts = [(name, True) for name in names] + [(text, beginnings_of_texts) for text in texts]
        for text, begins in parts:
            for chunk in text.split():
                tokens = self._chunks.get(chunk) or self._of(chunk)
                words += tokens[0]
                if begins:
                    begun.update(tokens[1])
        return Blinded(words, tuple(begun))

    def _of(self, chunk: str) -> _Tokens:
        words = self.analyser.words(chunk)
        forms = tuple(self.token("words", form) for word in words for form in self.analyser.forms(word))
        tokens = forms, {self.token("beginnings", text): None for word in words for text in beginnings(word)}
        if len(chunk) <= _LONGEST_CACHED:
            if len(self._chunks) >= _CACHED:
                self._chunks.clear()
            self._chunks[chunk] = tokens
        return tokens


def beginnings(word: str) -> list[str]:
    """Of 3 to 10 letters, but not the whole word, which is found as a word."""
    return [word[:length] for length in range(SHORTEST_BEGINNING, min(len(word) - 1, LONGEST_BEGINNING) + 1)]
