"""Complaints of the past, and of relatives: left out only where they are surely not of now, or not this person's."""

from collections.abc import Mapping

from ml.language.denial import pattern
from ml.language.lexicon import LexiconMatch
from ml.language.scope import Text


class Elsewhere:
    """The lists of `[past]` and `[person]` in `cues.toml`, and how they are read."""

    def __init__(self, past: Mapping[str, str], person: Mapping[str, str]) -> None:
        self._before, self._listed = pattern(past["before"]), pattern(past["listed"])
        self._after, self._now = pattern(past["after"]), pattern(past["now"])
        self._family = frozenset(person["family"].split())
        self._through, self._verbs = frozenset(person["through"].split()), frozenset(person["verbs"].split())

    def judge(self, text: Text) -> set[LexiconMatch]:
        """The complaints that are surely not this person's, or not of now."""
        units = self.units(text)
        return {
            match for match in text.found
            if text.tokens[match.tokens[0]].unit in units or self._of_a_relative(text, match)
        }  # fmt: skip

    def units(self, text: Text) -> set[int]:
        """Units about the past. A list that is called a history holds to the end of its sentence."""
        past: set[int] = set()
        whole = text.words(range(len(text.tokens)))
        if not (self._before.search(whole) or self._after.search(whole)):
            return past
        used, listing = text.used(), -1
        for unit, positions in _units(text).items():
            said = text.words(positions)
            sentence = text.tokens[positions[0]].sentence
            if self._now.search(text.words([at for at in positions if at not in used])):
                listing = -1
                continue
            if self._listed.search(said):
                listing = sentence
            if sentence == listing or self._before.search(said) or self._after.search(said):
                past.add(unit)
        return past

    def called_history(self, text: Text) -> bool:
        """Is anything in this text called a history, something known or diagnosed?"""
        return self._before.search(text.words(range(len(text.tokens)))) is not None

    def _of_a_relative(self, text: Text, match: LexiconMatch) -> bool:
        """A relative, a verb of having, and nothing between them and the complaint but small words."""
        tokens, verb = text.tokens, False
        used = text.used()
        for at in range(match.tokens[0] - 1, -1, -1):
            token = tokens[at]
            if token.unit != tokens[match.tokens[0]].unit:
                return False
            verb = verb or token.raw in self._verbs
            if token.raw in self._family:
                return verb
            if token.raw not in self._through and at not in used:
                return False
        return False


def _units(text: Text) -> dict[int, list[int]]:
    units: dict[int, list[int]] = {}
    for at, token in enumerate(text.tokens):
        units.setdefault(token.unit, []).append(at)
    return units
