"""Messages to learn from and to judge by: the templates of `messages.toml`, filled and written in many ways."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final, Literal

import msgspec

from ml.knowledge.loading import DATA, hash_files
from ml.messages.varieties import varieties, written

Task = Literal["intent", "safety"]
NONE: Final = "none"
FILES: Final = ("messages.toml", "varieties.toml", "intents.toml")
HELD_OUT_EVERY: Final = 5  # every fifth template of a label is never trained on
_SLOT: Final = re.compile(r"\{(\w+)\}")


class MessageTemplates(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Ways to say one thing."""

    label: str
    texts: list[str]


class MessageFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`messages.toml`."""

    slots: dict[str, list[str]]
    intent: list[MessageTemplates]
    safety: list[MessageTemplates]


@dataclass(frozen=True, slots=True)
class LabelledMessage:
    """A message, what it is, and how it is written. `hard`: harmless, and it sounds like harm."""

    text: str
    label: str
    variety: str
    hard: bool = False


class Corpus:
    """The templates. What is drawn depends on the seed alone."""

    def __init__(self, folder: Path = DATA) -> None:
        content = (folder / "messages.toml").read_bytes()
        self.data_hash = hash_files(folder, FILES)
        self.varieties = varieties(folder)
        self._file = msgspec.toml.decode(content, type=MessageFile)

    def labels(self, task: Task) -> tuple[str, ...]:
        """The labels of a task, in the order of the file."""
        return tuple(template.label for template in self._templates(task))

    def examples(self, task: Task, *, held_out: bool, each: int, seed: int) -> Iterator[LabelledMessage]:
        """`each` messages of every template and variety. Messages that only want something speak of no harm."""
        parts = [(one.label, one.texts, one.label == NONE) for one in self._templates(task)]
        if task == "safety":
            parts += [(NONE, one.texts, False) for one in self._file.intent]
        for label, texts, hard in parts:
            for number, template in enumerate(texts):
                if (number % HELD_OUT_EVERY == HELD_OUT_EVERY - 1) != held_out:
                    continue
                dice = Random(f"{seed} {label} {template}")  # noqa: S311 - templates are filled the same way each time; nothing secret
                for variety, rewrite in self.varieties.items():
                    for _ in range(each):
                        yield LabelledMessage(
                            written(self._filled(template, dice), rewrite, dice), label, variety, hard
                        )

    def _templates(self, task: Task) -> list[MessageTemplates]:
        return self._file.intent if task == "intent" else self._file.safety

    def _filled(self, template: str, dice: Random) -> str:
        slots = self._file.slots
        text = _SLOT.sub(lambda found: dice.choice(slots[found.group(1)]), template)
        return dice.choice(slots["greeting"]) + text + dice.choice(slots["ending"])
