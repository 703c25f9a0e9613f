"""Ways of writing: dialects, second-language English, phones. Spelling and grammar only; what is said stays."""

import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from typing import Final

from ml.knowledge.loading import DATA

Rewrite = Callable[[str, Random], str]
STANDARD: Final = "standard"
MISSPELT: Final = "misspelt"
PHONE: Final = "phone"
SHORTEST: Final = 5  # letters of a word that a slip is made in
_MARKS: Final = re.compile(r"['.,!?]")


def varieties(folder: Path = DATA) -> dict[str, Rewrite]:
    """Every way of writing by its name: as it stands, with slips of the keyboard, and those of `varieties.toml`."""
    tables = tomllib.loads((folder / "varieties.toml").read_text(encoding="utf-8"))
    return {STANDARD: lambda text, _: text, MISSPELT: _slip} | {
        name: _by(name, table) for name, table in tables.items()
    }


def written(text: str, rewrite: Rewrite, dice: Random) -> str:
    """The text in this way of writing, blanks put right."""
    return " ".join(rewrite(text, dice).split())


def _by(name: str, table: Mapping[str, str]) -> Rewrite:
    pattern = re.compile("|".join(rf"\b{one}\b" for one in sorted(table, key=len, reverse=True)), re.IGNORECASE)

    def rewrite(text: str, _: Random) -> str:
        plain = _MARKS.sub("", text.lower()) if name == PHONE else text
        return pattern.sub(lambda found: table[found.group().lower()], plain)

    return rewrite


def _slip(text: str, dice: Random) -> str:
    """A slip of the keyboard in one or two of the longer words."""
    words = text.split(" ")
    long = [at for at, word in enumerate(words) if len(word) >= SHORTEST and word.isalpha()]
    for at in dice.sample(long, min(2, len(long))):
        word, letter = words[at], dice.randrange(1, len(words[at]) - 2)
        words[at] = dice.choice(
            (
                word[:letter] + word[letter + 1] + word[letter] + word[letter + 2 :],
                word[:letter] + word[letter] * 2 + word[letter + 1 :],
                word[:letter] + word[letter + 1 :],
            )
        )
    return " ".join(words)
