"""Ways to speak of what raises a red flag: `python -m tests.unit.ml.language.phrasings [--half blind] [--misses 20]`.

Templates by family (`cases/phrasings.toml`), times the complaints that raise each flag, times slips of the keyboard and
invisible characters. Templates are taken in turn into the development half and the blind half; the blind half is judged
for the record and never worked on.
"""

import argparse
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Literal

from ml.answers.asked import AskedOpinion
from ml.answers.interpreter import Interpreter
from ml.answers.recommend import Recommender
from ml.knowledge.loading import load_knowledge

CASES = Path(__file__).parents[1] / "cases" / "phrasings.toml"
HALVES = ("development", "blind")
HIDDEN = ("\u200b", "\u200c", "\u200d", "\u00ad", "\u2060", "\ufeff")
SPOILT = ("misspelt", "hidden")
SHORTEST = 5  # letters of a word that a slip is made in
Wanted = Literal["kept", "gone"]


@dataclass(frozen=True, slots=True)
class Flagged:
    """A complaint, what else is told, and the flag that both raise."""

    code: str
    x: str
    others: tuple[str, ...]
    fields: dict[str, Any] = field(default_factory=dict)

    def asked(self, text: str) -> AskedOpinion:
        """The request of somebody who says `text` besides."""
        return AskedOpinion(symptoms=(*self.others, text), **self.fields)


@dataclass(frozen=True, slots=True)
class Phrasing:
    """One text about one complaint, and whether the flag must be raised."""

    flagged: Flagged
    family: str
    text: str
    wanted: Wanted


def flagged() -> list[Flagged]:
    """The complaints of `[[flag]]`, in order."""
    rows = tomllib.loads(CASES.read_text(encoding="utf-8"))["flag"]
    return [
        Flagged(
            row["code"],
            row["x"],
            tuple(row.get("with", ())),
            {
                "age": float(row.get("age", 60 if not row.get("pregnant") else 30)),
                "sex": "female" if row.get("pregnant") else "male",
                "pregnant": row.get("pregnant"),
                "medical_history": tuple(row.get("history", ())),
                "vitals": tuple(row.get("vitals", {}).items()),
            },
        )
        for row in rows
    ]


def templates(half: str) -> Iterator[tuple[Wanted, str, str]]:
    """What is wanted, the family and the template, of one half."""
    data = tomllib.loads(CASES.read_text(encoding="utf-8"))
    number = 0
    for wanted in ("kept", "gone"):
        for family, texts in data[wanted].items():
            for text in texts:
                if HALVES[number % 2] == half:
                    yield wanted, family, text
                number += 1


def phrasings(half: str, only: Sequence[Flagged]) -> Iterator[Phrasing]:
    """Every template of this half with every complaint, plain, misspelt and with something invisible in it."""
    for one in only:
        for wanted, family, template in templates(half):
            text = template.format(x=one.x)
            yield Phrasing(one, family, text, wanted)
            if wanted == "kept":
                dice = Random(f"{half} {one.code} {text}")  # spoils texts, keeps no secret
                yield Phrasing(one, "misspelt", misspelt(text, dice), wanted)
                yield Phrasing(one, "hidden", hidden(text, dice), wanted)


def misspelt(text: str, dice: Random) -> str:
    """One slip in one longer word: two letters swapped, one doubled or one left out, never the first or the last."""
    words = text.split(" ")
    long = [at for at, word in enumerate(words) if len(word) >= SHORTEST and word.isalpha()]
    if not long:
        return text
    at = dice.choice(long)
    word, letter = words[at], dice.randrange(1, len(words[at]) - 2)
    words[at] = dice.choice(
        (
            word[:letter] + word[letter + 1] + word[letter] + word[letter + 2 :],
            word[:letter] + word[letter] * 2 + word[letter + 1 :],
            word[:letter] + word[letter + 1 :],
        )
    )
    return " ".join(words)


def hidden(text: str, dice: Random) -> str:
    """The same to the eye: something invisible within a word, blanks that do not break, quotes of a phone."""
    words = text.split(" ")
    long = [at for at, word in enumerate(words) if len(word) >= SHORTEST - 1]
    for at in dice.sample(long, min(2, len(long))):
        cut = dice.randrange(1, len(words[at]))
        words[at] = words[at][:cut] + dice.choice(HIDDEN) + words[at][cut:]
    joined = dice.choice((" ", "\u00a0", "\u2009")).join(words)
    return joined.replace("'", dice.choice(("'", "\u2019", "\u02bc"))) if dice.random() < 0.7 else joined.upper()


def is_right(interpreter: Interpreter, phrasing: Phrasing) -> bool:
    """Does the flag stand where it has to, and only there?"""
    understood = interpreter.understand(phrasing.flagged.asked(phrasing.text))
    raised = any(flag.code == phrasing.flagged.code for flag in understood.red_flags)
    return raised == (phrasing.wanted == "kept")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--half", choices=HALVES, default="development")
    parser.add_argument("--misses", type=int, default=0, help="How many misses of each family to print.")
    args = parser.parse_args()
    knowledge = load_knowledge()
    interpreter = Interpreter(knowledge, Recommender.load(knowledge))
    count: dict[str, int] = {}
    missed: dict[str, list[Phrasing]] = {}
    for one in phrasings(args.half, flagged()):
        name = f"{one.wanted}: {one.family}"
        count[name] = count.get(name, 0) + 1
        if not is_right(interpreter, one):
            missed.setdefault(name, []).append(one)
    for name, total in count.items():
        wrong = missed.get(name, [])
        print(f"{name:25} {total:6} {1 - len(wrong) / total:.4f}")
        if args.half == "development":
            for miss in Random(1).sample(wrong, min(args.misses, len(wrong))):
                print(f"    {miss.flagged.code} {miss.text!r}")
    print(f"{sum(count.values())} texts, {sum(count.values()) // len(flagged())} a complaint")


if __name__ == "__main__":
    main()
