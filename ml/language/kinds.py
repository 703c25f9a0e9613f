"""Complaints as records name them, from their kinds (`kinds.toml`): functions that go wrong, places that trouble."""

from pathlib import Path

from ml.knowledge.loading import DATA
from ml.knowledge.schema import DataError, KnowledgeRow, read_table, read_toml

PLACE = "place"


class Function(KnowledgeRow, frozen=True):
    """A function of the body, in words of the lexicon, and the symptom that each kind of fault is."""

    words: list[str]
    kinds: dict[str, str]


class BodyPlace(KnowledgeRow, frozen=True):
    """A place of the body that may hurt, and what is meant when no more is said."""

    words: list[str]
    symptom: str


def kind_phrases(folder: Path = DATA) -> dict[str, list[str]]:
    """Phrases of each symptom: every function in the frames of its kinds, every place in those of places.

    Raises:
        DataError: a function has a kind without frames.
    """
    frames = read_table(folder / "kinds.toml", "frames", list[str])
    phrases: dict[str, list[str]] = {}
    for function in read_toml(folder / "kinds.toml", "function", Function):
        for kind, symptom in function.kinds.items():
            if kind not in frames:
                raise DataError(f"kinds.toml: {kind!r} has no frames")
            phrases.setdefault(symptom, []).extend(_framed(frames[kind], function.words))
    for place in read_toml(folder / "kinds.toml", "place", BodyPlace):
        phrases.setdefault(place.symptom, []).extend(_framed(frames[PLACE], place.words))
    return phrases


def _framed(frames: list[str], words: list[str]) -> list[str]:
    return [frame.format(word) for frame in frames for word in words]
