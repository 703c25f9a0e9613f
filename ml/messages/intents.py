"""Intents of a message, by words that say so (`intents.toml`). A rule speaks for a label and decides nothing."""

import re
from pathlib import Path

from ml.knowledge.loading import DATA
from ml.knowledge.schema import KnowledgeRow, read_toml
from ml.language.text import fold

_APOSTROPHE = re.compile(r"(?<=\w)'(?=\w)")


class IntentRule(KnowledgeRow, frozen=True):
    """Words that speak for one label."""

    id: str
    label: str
    patterns: list[str]


class IntentRules:
    """The rules, compiled. Pure; one instance serves a process."""

    def __init__(self, folder: Path = DATA) -> None:
        self._rules = [
            (rule, re.compile(rf"(?<!\w)(?:{'|'.join(f'(?:{pattern})' for pattern in rule.patterns)})(?!\w)"))
            for rule in read_toml(folder / "intents.toml", "rule", IntentRule)
        ]

    def spoken_for(self, message: str) -> list[IntentRule]:
        """The rules whose words the message holds, in the order of the file."""
        plain = _APOSTROPHE.sub("", fold(message))
        return [rule for rule, pattern in self._rules if pattern.search(plain)]
