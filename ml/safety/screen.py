"""Does a message speak of harm? Rules alone: they say what, how urgent, and which of them said so.

Two readings, the graver counts: patterns that fit what people say (`crisis.py`), and groups of words that mean it when
they stand together, in whatever order (`meanings.py`).

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
from ml.safety.crisis import MARK, SEVERITIES, CrisisRule, CrisisRules, CrisisWords, Kind, Severity, marked
from ml.safety.meanings import SENTENCE, Meaning, Meanings

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
        self,
        rules: CrisisRules | None = None,
        meanings: Meanings | None = None,
        words: WordForms | None = None,
        cues: Cues | None = None,
    ) -> None:
        self._rules = rules or CrisisRules()
        self._meanings = meanings or Meanings()
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
        over: list[CrisisWords] = []
        said: list[CrisisWords] = []
        left = message
        if found:
            stands = self._standing(marked(plain, found), len(found))
            topic = self._rules.topic.search(plain) is not None
            for words, standing in zip(found, stands, strict=True):
                is_over = standing in OVER or (topic and plain[words.start : words.end].strip() in NOUNS)
                (over if is_over else said).append(words)
        told: list[CrisisRule | Meaning] = []
        meant = self._meanings.read(_other_sentences(folded, plain, over) if over else folded)
        if said:
            harmless = self._meanings.harmless_sentences(folded)
            for words in said:
                if harmless.issuperset(_sentences_of(words, plain)):
                    over.append(words)
                else:
                    told.append(words.rule)
        told.extend(meant)
        if over:
            left = _without(plain, over)
        told.sort(key=lambda rule: -SEVERITIES.index(rule.severity))
        return HarmFinding(
            told[0].severity if told else "normal",
            tuple(dict.fromkeys(rule.kind for rule in told)),
            tuple(dict.fromkeys(rule.id for rule in told)),
            left,
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


def _without(plain: str, over: list[CrisisWords]) -> str:
    """Plain text with blanks in the place of these."""
    left = list(plain)
    for said in over:
        left[said.start : said.end] = " " * (said.end - said.start)
    return "".join(left)


def _sentences_of(said: CrisisWords, plain: str) -> range:
    """The numbers of the sentences in which they stand."""
    first = len(SENTENCE.findall(plain, 0, said.start))
    return range(first, first + len(SENTENCE.findall(plain, said.start, said.end)) + 1)


def _other_sentences(folded: str, plain: str, over: list[CrisisWords]) -> str:
    """The sentences of a folded text in which none of these stands; `plain` is the same text as the rules read it."""
    denied = {len(SENTENCE.findall(plain, 0, said.start)) for said in over}
    return ". ".join(text for at, text in enumerate(SENTENCE.split(folded)) if at not in denied)
