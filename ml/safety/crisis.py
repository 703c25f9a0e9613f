"""Words of crisis by rule (`crisis.toml`): self-harm, harm to others, abuse, a medical emergency.

A rule is a pattern that has to fit, word by word; nothing is recognised by likeness, so "this cough is killing me" is
a cough. What stands around the words (a denial, a relative, a time) is for whoever asks to judge.
"""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import msgspec

from ml.knowledge.loading import DATA
from ml.safety.prefilter import Prefilter

Kind = Literal["self_harm", "harm_to_others", "abuse", "medical_emergency"]
Severity = Literal["normal", "high", "emergency"]
SEVERITIES: Final[tuple[Severity, ...]] = ("normal", "high", "emergency")
MARK: Final = "crisis"
_APOSTROPHE: Final = re.compile(r"(?<=\w)'(?=\w)")
_BLANKS: Final = re.compile(r"[ \t]+")
_WORD: Final = re.compile(r"[a-z]{2,}")
_LONG: Final = re.compile(r"(?<![\\a-z(?<])[a-z]{6,}(?![a-z(?>+*\[])")
_LIST: Final = re.compile(r"<(\w+)>")


class CrisisRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One kind of crisis. `symptom` is what it means among complaints; an `early` rule reads before idioms go."""

    id: str
    kind: Kind
    severity: Severity
    patterns: list[str]
    symptom: str = ""
    early: bool = False


class CrisisFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`crisis.toml`."""

    common: str
    spelling: str
    never: str
    spoken: dict[str, str]
    words: dict[str, str]
    idioms: dict[str, str | list[str]]
    rule: list[CrisisRule]


@dataclass(frozen=True, slots=True)
class CrisisWords:
    """Words of crisis found in a text: the rule, and where they stand in the plain text."""

    rule: CrisisRule
    start: int
    end: int


class CrisisRules:
    """The rules, compiled. Pure; one instance serves a process."""

    def __init__(self, folder: Path = DATA) -> None:
        file = msgspec.toml.decode((folder / "crisis.toml").read_bytes(), type=CrisisFile)
        patterns = [_expanded(text, file.words) for rule in file.rule for text in rule.patterns]
        self._first_look = Prefilter(patterns, frozenset(file.common.split()))
        written = [*file.words.values(), *(text for rule in file.rule for text in rule.patterns)]
        spelling = {word for text in written for word in _LONG.findall(text)} | set(file.spelling.split())
        self._mended = slips(sorted(spelling), frozenset((*file.never.split(), *_english(folder)))) | file.spoken
        self._idioms = _pattern(file.idioms["patterns"], file.words)
        self.topic = re.compile(str(file.idioms["topic"]))
        worst_first = sorted(file.rule, key=lambda rule: (not rule.early, -SEVERITIES.index(rule.severity)))
        self._rules = [(rule, _pattern(rule.patterns, file.words)) for rule in worst_first]
        self._of_complaints = [(rule, pattern) for rule, pattern in self._rules if rule.symptom]

    def may_hold(self, plain: str) -> bool:
        """Has plain text the words that any pattern needs? Most messages end here."""
        return self._first_look.may_fit(plain)

    def find(self, plain: str, *, complaints: bool = False) -> list[CrisisWords]:
        """Everything said in plain text, the worst first, no word twice. `complaints`: only rules with a symptom."""
        found: list[CrisisWords] = []
        left, taken_out = plain, False
        for rule, pattern in self._of_complaints if complaints else self._rules:
            if not (rule.early or taken_out):
                left, taken_out = self._idioms.sub(_blank, left), True
            here = [CrisisWords(rule, one.start(), one.end()) for one in pattern.finditer(left)]
            if here:
                found.extend(here)
                left = pattern.sub(_blank, left)
        return found

    def plain(self, folded: str) -> str:
        """Folded text as the patterns are written: without apostrophes and double blanks, slips and dialect mended."""
        text = _BLANKS.sub(" ", _APOSTROPHE.sub("", folded))
        if self._mended.keys().isdisjoint(_WORD.findall(text)):
            return text
        return _WORD.sub(lambda word: self._mended.get(word.group(), word.group()), text)

    def mark(self, folded: str) -> str:
        """Folded complaints with each crisis as one word, so that what is said around it can be judged."""
        text = self.plain(folded)
        if not self.may_hold(text):
            return folded
        found = self.find(text, complaints=True)
        return marked(text, found) if found else folded


def marked(plain: str, found: Iterable[CrisisWords]) -> str:
    """Plain text with each of these as one word."""
    for said in sorted(found, key=lambda one: -one.start):
        plain = f"{plain[: said.start]} {mark_of(said.rule)} {plain[said.end :]}"
    return plain


def mark_of(rule: CrisisRule) -> str:
    """The word that stands for a rule in a text."""
    return MARK + rule.id.replace("_", "")


def slips(words: list[str], never: frozenset[str]) -> dict[str, str]:
    """Every word that is one slip away from one of these: a letter left out, doubled, or swapped with the next.

    The first letter and the last stay. `never` are words of their own.
    """
    mended: dict[str, str] = {}
    for word in words:
        for at in range(1, len(word) - 1):
            for slip in (
                word[:at] + word[at + 1 :],
                word[:at] + word[at] + word[at:],
                word[:at] + word[at : at + 2][::-1] + word[at + 2 :],
            ):
                if slip not in never and slip not in words:
                    mended.setdefault(slip, word)
    return mended


def _english(folder: Path) -> list[str]:
    """Common words, which are no slips."""
    lists = tomllib.loads((folder / "words.toml").read_text(encoding="utf-8"))["lists"]
    return [*lists["guard"].split(), *lists["stop"].split()]


def _blank(found: re.Match[str]) -> str:
    return "_" * len(found.group())


def _pattern(patterns: Iterable[str], words: dict[str, str]) -> re.Pattern[str]:
    text = _expanded("|".join(f"(?:{one})" for one in patterns), words)
    return re.compile(rf"(?<!\w)(?:{text})(?!\w)")


def _expanded(text: str, words: dict[str, str]) -> str:
    """With lists in the place of their names."""
    while _LIST.search(text):
        text = _LIST.sub(lambda found: words[found.group(1)], text)
    return text
