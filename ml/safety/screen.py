"""Does a message speak of harm? Rules alone: they say what, how urgent, and which of them said so.

Recall before precision: what is surely denied, surely of the past, surely somebody's story or only a topic is let go;
every doubt counts. Wanted of messages of any kind, so it needs neither a model nor the lexicon of complaints.
"""

from dataclasses import dataclass
from typing import Final

from ml.language.cues import Cues
from ml.language.lexicon import LexiconMatch
from ml.language.scope import ScopeStanding, Text
from ml.language.text import fold, has_hidden_gaps
from ml.language.words import Token, WordForms
from ml.safety.crisis import MARK, SEVERITIES, CrisisRule, CrisisRules, Kind, Severity, marked

OVER: Final = (ScopeStanding.DENIED, ScopeStanding.ELSEWHERE)
NOUNS: Final = frozenset(  # said of a topic as well as of oneself
    {"suicide", "suicidal", "self harm", "selfharm", "abuse", "suicidal ideation", "suicidal thoughts", "selbstmord",
     "suizid", "selbstmordgedanken", "suizidgedanken", "suicidio", "self injury", "suicide attempts", "suicide notes",
     "violent thoughts"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class HarmFinding:
    """What a message speaks of. `kinds` and `rules` are in the order of their urgency.

    `left` is the message without what was surely denied, over, or only a topic: what a model may still look at.
    """

    severity: Severity
    kinds: tuple[Kind, ...]
    rules: tuple[str, ...]
    left: str


class CrisisScreen:
    """Reads messages by the rules of crisis. Pure; one instance serves a process."""

    def __init__(
        self, rules: CrisisRules | None = None, words: WordForms | None = None, cues: Cues | None = None
    ) -> None:
        self._rules = rules or CrisisRules()
        self._words = words or WordForms()
        self._cues = cues or Cues()

    def read(self, message: str) -> HarmFinding:
        """What the message says, in the reading that is the more urgent where something invisible may part words."""
        finding = self._read(fold(message), message)
        if has_hidden_gaps(message):
            parted = fold(message, gap=" ")
            return max(finding, self._read(parted, parted), key=lambda one: SEVERITIES.index(one.severity))
        return finding

    def _read(self, folded: str, message: str) -> HarmFinding:
        plain = self._rules.plain(folded)
        found = sorted(self._rules.find(plain), key=lambda one: one.start) if self._rules.may_hold(plain) else []
        if not found:
            return HarmFinding("normal", (), (), message)
        stands = self._standing(marked(plain, found), len(found))
        topic = self._rules.topic.search(plain) is not None
        told: list[CrisisRule] = []
        left = list(plain)
        for said, standing in zip(found, stands, strict=True):
            if standing in OVER or (topic and plain[said.start : said.end].strip() in NOUNS):
                left[said.start : said.end] = " " * (said.end - said.start)
            else:
                told.append(said.rule)
        told.sort(key=lambda rule: -SEVERITIES.index(rule.severity))
        return HarmFinding(
            told[0].severity if told else "normal",
            tuple(dict.fromkeys(rule.kind for rule in told)),
            tuple(dict.fromkeys(rule.id for rule in told)),
            message if len(told) == len(found) else "".join(left),
        )

    def _standing(self, text: str, count: int) -> list[ScopeStanding]:
        """The standing of each mark in the text, in order. Where a mark is lost among the words, all are present."""
        rewritten = self._words.rewrite(text, correct=False)
        tokens = self._words.tokens(rewritten)
        found = [LexiconMatch(token.raw, (at,), 1) for at, token in enumerate(tokens) if _is_mark(token)]
        if len(found) != count:
            return [ScopeStanding.PRESENT] * count
        standings = self._cues.judge(Text(tokens, found, self._words.endings(rewritten)))
        return [standings[match] for match in found]


def _is_mark(token: Token) -> bool:
    return token.raw.startswith(MARK) and len(token.raw) > len(MARK)
