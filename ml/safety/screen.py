"""Does a message speak of harm? Rules alone: they say what, how urgent, and which of them said so.

Recall before precision: what is surely denied, surely of the past, surely somebody's story or only a topic is let go;
every doubt counts. Wanted of messages of any kind, so it needs neither a model nor the lexicon of complaints.
"""

from dataclasses import dataclass
from typing import Final

from ml.language.cues import Cues
from ml.language.lexicon import Match
from ml.language.scope import Standing, Text
from ml.language.text import fold, has_hidden_gaps
from ml.language.words import Token, Words
from ml.safety.crisis import MARK, SEVERITIES, CrisisRules, Kind, Said, Severity, marked

OVER: Final = (Standing.DENIED, Standing.ELSEWHERE)
NOUNS: Final = frozenset(  # said of a topic as well as of oneself
    {"suicide", "suicidal", "self harm", "selfharm", "abuse", "suicidal ideation", "suicidal thoughts", "selbstmord",
     "suizid", "self injury", "suicide attempts", "suicide notes", "violent thoughts"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """What a message speaks of. `kinds` and `rules` are in the order of their urgency."""

    severity: Severity
    kinds: tuple[Kind, ...] = ()
    rules: tuple[str, ...] = ()


NOTHING: Final = Finding("normal")


class Screen:
    """Reads messages by the rules of crisis. Pure; one instance serves a process."""

    def __init__(self, rules: CrisisRules | None = None, words: Words | None = None, cues: Cues | None = None) -> None:
        self._rules = rules or CrisisRules()
        self._words = words or Words()
        self._cues = cues or Cues()

    def read(self, message: str) -> Finding:
        """What the message says, in the reading that is the more urgent where something invisible may part words."""
        finding = self._read(fold(message))
        if has_hidden_gaps(message):
            parted = self._read(fold(message, gap=" "))
            return max(finding, parted, key=lambda one: SEVERITIES.index(one.severity))
        return finding

    def _read(self, folded: str) -> Finding:
        plain = self._rules.plain(folded)
        if not self._rules.may_hold(plain):
            return NOTHING
        found = [said for said in self._rules.find(plain) if not self._is_topic(plain, said)]
        if not found:
            return NOTHING
        told = self._standing(marked(plain, found))
        said = sorted(told, key=lambda rule: -SEVERITIES.index(self._rules.by_mark[rule].severity))
        rules = [self._rules.by_mark[mark] for mark in dict.fromkeys(said)]
        if not rules:
            return NOTHING
        return Finding(
            rules[0].severity, tuple(dict.fromkeys(one.kind for one in rules)), tuple(one.id for one in rules)
        )

    def _standing(self, text: str) -> list[str]:
        """The marks that stand: neither surely denied nor surely over or somebody else's."""
        rewritten = self._words.rewrite(text, correct=False)
        tokens = self._words.tokens(rewritten)
        found = [Match(token.raw, (at,), 1) for at, token in enumerate(tokens) if _is_mark(token)]
        standings = self._cues.judge(Text(tokens, found, self._words.endings(rewritten)))
        return [match.id for match, standing in standings.items() if standing not in OVER]

    def _is_topic(self, plain: str, said: Said) -> bool:
        """Is no more said than a noun, in a text about a book, a course, a question of knowledge?"""
        return plain[said.start : said.end].strip() in NOUNS and self._rules.topic.search(plain) is not None


def _is_mark(token: Token) -> bool:
    return token.raw.startswith(MARK) and len(token.raw) > len(MARK)
