"""Judges the screen on labelled texts: `python -m tests.unit.ml.talk_judging [--half blind] [--set other_words]`.

Rules alone, and rules with the model beside them: recall of danger and of emergencies, false alarms, and the precision
that follows, by group and by language.
"""

import argparse
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from config.ml import MlSettings
from ml.language.text import fold
from ml.messages.answer import MessageReader
from ml.messages.classifier import FOLDER, MessageModel
from ml.safety.meanings import Meanings
from ml.safety.screen import CrisisScreen

CASES = Path(__file__).parent / "cases" / "talk.toml"
OTHER_WORDS = CASES.with_name("other_words.toml")
HALVES = ("development", "blind")


@dataclass(frozen=True)
class Text:
    """One text, and what it is."""

    severity: str
    lang: str
    group: str
    text: str

    @property
    def kind(self) -> str:
        """`danger`, `hard` (what only sounds like it) or `ordinary`."""
        if self.severity != "normal":
            return "danger"
        return "ordinary" if self.group == "ordinary" else "hard"


def texts(half: str | None = None, cases: Path = CASES) -> Iterator[Text]:
    """Those of a half, or all."""
    for block in tomllib.loads(cases.read_text(encoding="utf-8"))["block"]:
        for number, text in enumerate(block["texts"].strip().splitlines()):
            if half is None or HALVES[number % 2] == half:
                yield Text(block["severity"], block["lang"], block["group"], text)


@dataclass
class Judgement:
    """How many of how many were right, by what they are."""

    right: Counter[str]
    total: Counter[str]

    def share(self, name: str) -> float:
        """Of these, how many were right."""
        return self.right[name] / self.total[name]

    @property
    def precision(self) -> float:
        """Of what was raised, how much is danger."""
        false = sum(self.total[name] - self.right[name] for name in ("hard", "ordinary"))
        return self.right["danger"] / (self.right["danger"] + false)


def judged(half: str, severity_of: Callable[[str], str], cases: Path = CASES) -> Judgement:
    """What somebody who says how grave a text is makes of a half."""
    found = Judgement(Counter(), Counter())
    for one in texts(half, cases):
        said = severity_of(one.text)
        right = (said != "normal") is (one.kind == "danger")
        for name in (one.kind, f"{one.kind}, {one.lang}", f"{one.severity}, {one.group}"):
            found.total[name] += 1
            found.right[name] += right
        if one.severity == "emergency":
            found.total["emergency as emergency"] += 1
            found.right["emergency as emergency"] += said == "emergency"
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--half", choices=HALVES, default="development")
    parser.add_argument("--set", choices=(CASES.stem, OTHER_WORDS.stem), default=CASES.stem)
    asked, screen, meanings = parser.parse_args(), CrisisScreen(), Meanings()
    reader = MessageReader(MessageModel.load(MlSettings().artifacts / FOLDER), screen)
    readers: dict[str, Callable[[str], str]] = {
        "rules": lambda text: screen.read(text).severity,
        "meanings alone": lambda text: "high" if meanings.read(fold(text)) else "normal",
        "with model": lambda text: str(reader.classify(text, "safety")["severity"]),
    }
    for name, severity_of in readers.items():
        found = judged(asked.half, severity_of, CASES.with_name(f"{asked.set}.toml"))
        print(f"{name}: precision {found.precision:.3f}")
        for group in sorted(found.total):
            print(f"  {group:32} {found.right[group]:4} of {found.total[group]:4}  {found.share(group):.3f}")


if __name__ == "__main__":
    main()
