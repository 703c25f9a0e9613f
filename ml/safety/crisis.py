"""Words of crisis by rule (`crisis.toml`): wanting to die, plans and attempts, harm to others. Needs nothing but text.

A rule is a pattern that has to fit, word by word; nothing is recognised by likeness, so "this cough is killing me" is
a cough. What stands around the words (a denial, a relative, a time) is for whoever asks to judge.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from ml.knowledge import DATA

MARK: Final = "crisis"
_APOSTROPHE: Final = re.compile(r"(?<=\w)'(?=\w)")
_BLANKS: Final = re.compile(r"[ \t]+")
_WORD: Final = re.compile(r"[a-z]{4,}")
_LIST: Final = re.compile(r"<(\w+)>")


class CrisisRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One kind of crisis. `symptom` is what it means among complaints."""

    id: str
    symptom: str
    patterns: list[str]


class CrisisFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`crisis.toml`."""

    hints: list[str]
    spelling: str
    never: str
    words: dict[str, str]
    idioms: dict[str, list[str]]
    rule: list[CrisisRule]


@dataclass(frozen=True, slots=True)
class Said:
    """Words of crisis found in a text: the rule, and where they stand in the plain text."""

    rule: str
    start: int
    end: int


class CrisisRules:
    """The rules, compiled. Pure; one instance serves a process."""

    def __init__(self, folder: Path = DATA) -> None:
        file = msgspec.toml.decode((folder / "crisis.toml").read_bytes(), type=CrisisFile)
        self._idioms = _pattern(file.idioms["patterns"], file.words)
        self._hint = re.compile("|".join(file.hints))
        self._mended = slips(file.spelling.split(), frozenset(file.never.split()))
        self._rules = [(rule.id, _pattern(rule.patterns, file.words)) for rule in file.rule]
        self.marks = {rule.symptom: MARK + rule.id.replace("_", "") for rule in file.rule}

    def find(self, plain: str) -> list[Said]:
        """Everything said in plain text, in the order of the rules: the worst first, and no word twice."""
        if not self._hint.search(plain):
            return []
        left = self._idioms.sub(lambda idiom: "_" * len(idiom.group()), plain)
        found: list[Said] = []
        for rule, pattern in self._rules:
            found.extend(Said(rule, one.start(), one.end()) for one in pattern.finditer(left))
            left = pattern.sub(lambda one: "_" * len(one.group()), left)
        return found

    def plain(self, folded: str) -> str:
        """Folded text as the patterns are written: without apostrophes and double blanks, words of crisis mended."""
        text = _BLANKS.sub(" ", _APOSTROPHE.sub("", folded))
        return _WORD.sub(lambda word: self._mended.get(word.group(), word.group()), text)

    def mark(self, folded: str) -> str:
        """Folded text with each crisis as one word, so that what is said around it can be judged."""
        text = self.plain(folded)
        if not self._hint.search(text):
            return folded
        for said in sorted(self.find(text), key=lambda one: -one.start):
            text = f"{text[: said.start]} {MARK}{said.rule.replace('_', '')} {text[said.end :]}"
        return text if MARK in text else folded


def slips(words: list[str], never: frozenset[str]) -> dict[str, str]:
    """Every word that is one slip away from one of these: a letter left out, doubled, or swapped with the next.

    The first letter stays. `never` are words of their own.
    """
    mended: dict[str, str] = {}
    for word in words:
        for at in range(1, len(word)):
            for slip in (
                word[:at] + word[at + 1 :],
                word[:at] + word[at] + word[at:],
                word[:at] + word[at : at + 2][::-1] + word[at + 2 :],
            ):
                if slip not in never and slip not in words:
                    mended.setdefault(slip, word)
    return mended


def _pattern(patterns: list[str], words: dict[str, str]) -> re.Pattern[str]:
    text = "|".join(f"(?:{one})" for one in patterns)
    while _LIST.search(text):
        text = _LIST.sub(lambda found: words[found.group(1)], text)
    return re.compile(rf"(?<!\w)(?:{text})(?!\w)")
