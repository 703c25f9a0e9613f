"""Words: rewriting, spelling, and the canonical form that phrases are matched in."""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rapidfuzz import process
from rapidfuzz.distance import OSA

from ml.knowledge.loading import DATA
from ml.language.text import fold

_SPLIT: Final = re.compile(r"[a-z']+|[.;!?\n]|,|\d+(?:[./]\d+)*")
_WORD: Final = re.compile(r"[a-z]{4,24}(?![a-z'])")
_CANNOT: Final = re.compile(r"\b(can ?not|can'?t|couldn'?t|could not|un ?able to|not able to|unable)\b")
_NOT: Final = re.compile(
    r"\b(?:(?:is|are|was|were|has|have|had|does|do|did|wo|would|should)n'?t|(?:does|do|did|will|would|has|have|had)"
    r" not)\b"
)
_BREAK: Final = frozenset({*".;!?\n", "but", "however", "although", "though"})
SOFT: Final = ","
NOT: Final = "not"
MIN_CORRECTED: Final = 4  # shorter words are too often other words


@dataclass(frozen=True, slots=True)
class Token:
    """One word in canonical form. `unit` counts comma-separated pieces, `sentence` the stretches between full stops."""

    form: str
    raw: str
    unit: int
    sentence: int
    stop: bool


class WordForms:
    """The vocabulary of `words.toml` and the rules that bring text into canonical form."""

    def __init__(self, folder: Path = DATA) -> None:
        with (folder / "words.toml").open("rb") as file:
            data = tomllib.load(file)
        self._classes = {
            variant: head for head, variants in data["classes"].items() for variant in (head, *variants.split())
        }
        self._stems = {stem(variant): head for variant, head in self._classes.items()}
        phrases = {fold(said): meant for said, meant in data["phrases"].items()}
        self._rewrite = dict(sorted(phrases.items(), key=lambda pair: -len(pair[0])))
        self._rewriter = re.compile(r"\b(" + "|".join(re.escape(one) for one in self._rewrite) + r")\b")
        lists: dict[str, frozenset[str]] = {name: frozenset(text.split()) for name, text in data["lists"].items()}
        self.negation, self.connectors = lists["negation"], lists["connectors"]
        self.articles = lists["articles"]
        self.keep, self.shared, self.parts = lists["keep"], lists["shared"], lists["parts"]
        self.across, self.alone = lists["across"], frozenset(stem(word) for word in lists["alone"])
        self.told_history, self.deniable = lists["told_history"], lists["deniable"]
        self._stop, self._guard = lists["stop"], lists["guard"]
        self.qualifiers = {name: re.compile(pattern) for name, pattern in data["qualifiers"].items()}
        self._known: set[str] = set(self._classes) | set(self._stop) | set(self._guard) | self.negation
        self._corrections: dict[str, str] = {}
        self._choices: list[str] = []

    def leave(self, words: Iterable[str]) -> None:
        """Never take these words for misspelt ones."""
        self._known |= set(words)

    def learn(self, texts: Iterable[str], cues: Iterable[str] = ()) -> None:
        """Make the words of these phrases, and these cues, the ones that spelling is corrected towards."""
        taught = {one for text in texts for one in _WORD.findall(fold(text))}
        taught.update(word for phrase in self._rewrite for word in _WORD.findall(phrase))
        taught |= set(self._classes)
        self._known |= taught | set(cues)
        self._choices = sorted(cue for cue in (taught - self._stop) | set(cues) if len(cue) >= MIN_CORRECTED)

    def corrected(self, text: str) -> str:
        """Folded text with its misspelt words mended."""
        return _WORD.sub(lambda found: self._corrected(found.group()), text)

    def rewrite(self, text: str, *, correct: bool = True) -> str:
        """Contractions, spelling and fixed phrases in folded text, to words that mean the same wherever they stand."""
        text = _NOT.sub(" not ", _CANNOT.sub(" cannot ", text))
        text = re.sub(r"'s\b", "", text).replace("'", "")
        if correct:
            text = self.corrected(text)
        rewritten: str = self._rewriter.sub(lambda found: self._rewrite[found.group(1)], re.sub(r"[ \t]+", " ", text))
        return rewritten

    def tokens(self, text: str) -> list[Token]:
        """Tokens of folded, rewritten text. Stop words stay, marked, because negation is counted across them."""
        tokens: list[Token] = []
        unit = sentence = 0
        for raw in _SPLIT.findall(text):
            if raw in _BREAK:
                unit, sentence = unit + 1, sentence + 1
            elif raw == SOFT:
                unit += 1
            else:
                form = self.form(raw)
                stop = (raw in self._stop or not raw[0].isalpha()) and form not in (NOT, "cannot")
                tokens.append(Token(form=form, raw=raw, unit=unit, sentence=sentence, stop=stop))
        return tokens

    @staticmethod
    def endings(text: str) -> tuple[str, ...]:
        """The marks that end the sentences of rewritten text, in the order of `Token.sentence`."""
        return tuple("but" if raw.isalpha() else raw for raw in _SPLIT.findall(text) if raw in _BREAK)

    def content(self, texts: Iterable[str]) -> frozenset[str]:
        """Canonical forms of all words with content."""
        tokens = (token for text in texts for token in self.tokens(self.rewrite(fold(text))))
        return frozenset(token.form for token in tokens if not token.stop and token.form.isalpha())

    def form(self, word: str) -> str:
        """The canonical form of one word: `tummy` -> `stomach`, `coughing` -> `cough`."""
        if word in self._classes:
            return str(self._classes[word])
        if word in self.negation:
            return NOT
        if word in self._stop:
            return word
        stemmed = stem(word)
        return str(self._stems.get(stemmed, stemmed))

    def _corrected(self, word: str) -> str:
        if word in self._known:
            return word
        if stem(word) in self._stems or self._is_inflection(word):
            return word
        if word not in self._corrections:
            if len(self._corrections) > 20_000:
                self._corrections.clear()
            self._corrections[word] = self._nearest(word)
        return self._corrections[word]

    def _is_inflection(self, word: str) -> bool:
        return any(word.endswith(end) and word[: -len(end)] in self._known for end in ("s", "es", "ed", "ing", "ly"))

    def _nearest(self, word: str) -> str:
        """The known word one slip away (two in words of eight letters or more), or the word itself."""
        slips = 2 if len(word) >= 8 else 1
        found = process.extract(word, self._choices, scorer=OSA.distance, score_cutoff=slips, limit=10)
        good = [
            one for one, distance, _ in found
            if (one[0] == word[0] and (distance == 1 or one[1] == word[1])) or (distance == 1 and len(word) >= 6)
        ]  # fmt: skip
        if len(word) == MIN_CORRECTED:  # swapped letters, or one left out of a longer word
            good = [
                one for one in good if sorted(one) == sorted(word) or (len(one) > len(word) and one[-1] == word[-1])
            ]
        return min(good, key=lambda one: (one[0] != word[0], one[-1] != word[-1]), default=word)


def stem(word: str) -> str:
    """A light stem: plural, -ing and -ed. Phrases and text go through the same one, so it need not be right."""
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    for end, keep in (("sses", 2), ("ing", 0), ("ed", 0)):
        if word.endswith(end) and len(word) - len(end) >= 3:
            return _undouble(word[: len(word) - len(end) + keep])
    if len(word) > 3 and word.endswith("s") and word[-2] not in "sui":
        return word[:-1].removesuffix("e") if word.endswith("es") else word[:-1]
    return word.removesuffix("e") if len(word) > 4 else word


def _undouble(word: str) -> str:
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "ls":
        return word[:-1]
    return word.removesuffix("e") if len(word) > 4 else word
