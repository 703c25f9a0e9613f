"""The cues of `cues.toml`, together: what stands in a text as present, doubtful, denied or elsewhere."""

from pathlib import Path
from typing import Final

import msgspec

from ml.knowledge.loading import DATA
from ml.language.denial import Denials
from ml.language.elsewhere import Elsewhere
from ml.language.lexicon import LexiconMatch
from ml.language.scope import ScopeStanding, Text

PATTERNS: Final = frozenset({"undone_after", "undone_before", "taken_back", "not_taken_back"})


class CueLists(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`cues.toml`: lists of words, and patterns."""

    denial: dict[str, str]
    past: dict[str, str]
    person: dict[str, str]


class Cues:
    """Judges complaints by the words around them. Pure; one instance serves a process."""

    def __init__(self, folder: Path = DATA) -> None:
        lists = msgspec.toml.decode((folder / "cues.toml").read_bytes(), type=CueLists)
        self.denials = Denials(lists.denial)
        self.elsewhere = Elsewhere(lists.past, lists.person)
        told = (*((name, text) for name, text in lists.denial.items() if name not in PATTERNS), *lists.person.items())
        self.spelling = frozenset(lists.denial["spelling"].split())
        self.vocabulary = frozenset(word for _, text in told for word in text.split())

    def judge(self, text: Text) -> dict[LexiconMatch, ScopeStanding]:
        """The standing of every complaint found."""
        standings = dict.fromkeys(text.found, ScopeStanding.PRESENT) | self.denials.judge(text)
        for match in self.elsewhere.judge(text):
            if standings[match] is not ScopeStanding.DENIED:
                standings[match] = ScopeStanding.ELSEWHERE
        return standings
