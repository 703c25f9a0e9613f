"""Phrases, compiled: which words, together and near each other, mean which id."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ml.knowledge.loading import DATA
from ml.knowledge.schema import DataError, KnowledgeRow, read_toml
from ml.language.kinds import kind_phrases
from ml.language.text import fold
from ml.language.words import NOT, Token, WordForms

LONGEST: Final = 6  # content words in a phrase


class LexiconRow(KnowledgeRow, frozen=True):
    """The words of people for one symptom."""

    id: str
    published: list[str]
    ours: list[str]


@dataclass(frozen=True, slots=True)
class LexiconPhrase:
    """A set of canonical words that means `id` when they stand near each other.

    A phrase that would be left with one word once its stop words are dropped ("feel low", "out of it") is `literal`:
    all of its words, in order, next to each other.
    """

    id: str
    forms: frozenset[str]
    literal: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LexiconMatch:
    """A phrase found in the text. `tokens` are positions in the token list."""

    id: str
    tokens: tuple[int, ...]
    span: int


class Lexicon:
    """An index of phrases by each phrase's rarest word."""

    def __init__(
        self, words: WordForms, phrases: dict[str, list[str]], implied: dict[str, tuple[str, ...]] | None = None
    ) -> None:
        """`implied` names what an id brings with it: of two ids with one phrase, the narrower stands."""
        self._words = words
        every = (self._compile(id_, text) for id_, texts in phrases.items() for text in texts)
        compiled = _narrowest({one for one in every if one is not None}, implied or {})
        count: dict[str, int] = {}
        for phrase in compiled:
            for form in phrase.forms:
                count[form] = count.get(form, 0) + 1
        self._index: dict[str, list[LexiconPhrase]] = {}
        self._literals: dict[str, list[LexiconPhrase]] = {}
        for phrase in sorted(compiled, key=lambda one: (one.id, sorted(one.forms))):
            if phrase.literal:
                self._literals.setdefault(phrase.literal[0], []).append(phrase)
                continue
            rarest = min(phrase.forms, key=lambda form: (form in (NOT, "pain"), count[form], form))
            self._index.setdefault(rarest, []).append(phrase)

    def find(self, tokens: list[Token]) -> list[LexiconMatch]:
        """Every phrase that occurs within one unit, the longest and tightest first."""
        found: list[LexiconMatch] = []
        for unit in sorted({token.unit for token in tokens}):
            at = [
                position for position, token in enumerate(tokens)
                if token.unit == unit and (not token.stop or token.form in self._words.connectors)
            ]  # fmt: skip
            found.extend(self._find_in([tokens[position].form for position in at], at))
            found.extend(self._find_literally(tokens, unit))
        return sorted(found, key=lambda one: (-len(one.tokens), one.span, one.tokens, one.id))

    def _find_in(self, forms: list[str], at: list[int]) -> Iterable[LexiconMatch]:
        here = set(forms)
        for form in here:
            for phrase in self._index.get(form, ()):
                if phrase.forms <= here and not (len(here - self._words.connectors) > 1 and self._only_alone(phrase)):
                    for window in self._windows(phrase, forms):
                        yield LexiconMatch(phrase.id, tuple(at[one] for one in window), window[-1] - window[0] + 1)

    def _only_alone(self, phrase: LexiconPhrase) -> bool:
        """Is it a word that means a symptom only where it is all that was said ("down", not "pain down my leg")?"""
        return len(phrase.forms) == 1 and phrase.forms <= self._words.alone

    def _find_literally(self, tokens: list[Token], unit: int) -> Iterable[LexiconMatch]:
        at = [
            position for position, token in enumerate(tokens)
            if token.unit == unit and token.raw not in self._words.articles
        ]  # fmt: skip
        for start, position in enumerate(at):
            for phrase in self._literals.get(tokens[position].form, ()):
                places = tuple(at[start : start + len(phrase.literal)])
                if tuple(tokens[place].form for place in places) == phrase.literal:
                    yield LexiconMatch(phrase.id, places, len(places))

    def _windows(self, phrase: LexiconPhrase, forms: list[str]) -> Iterable[tuple[int, ...]]:
        """The tight places of the phrase, at most one for each place of its rarest word."""
        need = len(phrase.forms)
        if need == 1:
            only = next(iter(phrase.forms))
            yield from ((one,) for one, form in enumerate(forms) if form == only)
            return
        slack = (1 if need == 2 else need - 1) + (1 if phrase.forms & self._words.shared else 0)
        seen: set[tuple[int, ...]] = set()
        for start, form in enumerate(forms):
            if form not in phrase.forms:
                continue
            window: dict[str, int] = {}
            for one in range(start, min(len(forms), start + need + slack)):
                if forms[one] in phrase.forms and forms[one] not in window:
                    window[forms[one]] = one
            if len(window) == need:
                places = tuple(sorted(window.values()))
                if places not in seen:
                    seen.add(places)
                    yield places

    def _compile(self, id_: str, text: str) -> LexiconPhrase | None:
        tokens = self._words.tokens(self._words.rewrite(fold(text), correct=False))
        content = frozenset(token.form for token in tokens if not token.stop) - self._words.connectors
        literal = tuple(token.form for token in tokens if token.raw not in self._words.articles)
        alone = len(content) < 2 and len(literal) > 1
        if len(content) > LONGEST or not (content or alone):
            return None
        return LexiconPhrase(id_, content, literal if alone else ())


def _narrowest(phrases: set[LexiconPhrase], implied: dict[str, tuple[str, ...]]) -> set[LexiconPhrase]:
    ids: dict[tuple[frozenset[str], tuple[str, ...]], set[str]] = {}
    for phrase in phrases:
        ids.setdefault((phrase.forms, phrase.literal), set()).add(phrase.id)
    return {
        phrase for phrase in phrases
        if not any(phrase.id in implied.get(other, ()) for other in ids[phrase.forms, phrase.literal])
    }  # fmt: skip


def symptom_phrases(known: Iterable[str], folder: Path = DATA) -> dict[str, list[str]]:
    """Phrases of every symptom: those of the lexicon, and those of its kind.

    Raises:
        DataError: the lexicon and the symptoms do not have the same ids.
    """
    rows = read_toml(folder / "lexicon.toml", "symptom", LexiconRow)
    ids = {row.id for row in rows}
    if ids != set(known):
        raise DataError(f"lexicon.toml: ids differ from symptoms.csv: {sorted(ids ^ set(known))[:5]}")
    kinds = kind_phrases(folder)
    if not set(kinds) <= ids:
        raise DataError(f"kinds.toml: {sorted(set(kinds) - ids)[:5]} are not symptoms")
    return {row.id: [*row.published, *row.ours, *kinds.get(row.id, ())] for row in rows}
