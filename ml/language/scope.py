"""The scope of the words around a complaint, and the text in which they are judged."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from ml.language.lexicon import LexiconMatch
from ml.language.words import Token


class ScopeStanding(Enum):
    """The standing of one complaint in a text."""

    PRESENT = "present"
    DOUBTFUL = "doubtful"  # denied, but not for sure
    DENIED = "denied"
    ELSEWHERE = "elsewhere"  # of the past, or of somebody else


@dataclass(frozen=True, slots=True)
class Text:
    """A text in tokens, with what was found in it. `endings` are the marks that end its sentences, in order."""

    tokens: Sequence[Token]
    found: Sequence[LexiconMatch]
    endings: Sequence[str]

    def words(self, positions: Sequence[int]) -> str:
        """These tokens as running text."""
        return " ".join(self.tokens[position].raw for position in positions)

    def used(self) -> set[int]:
        """Positions of words that belong to a complaint."""
        return {position for match in self.found for position in match.tokens}

    def ending(self, sentence: int) -> str:
        """The mark that ends a sentence; empty at the end of the text."""
        return self.endings[sentence] if sentence < len(self.endings) else ""
