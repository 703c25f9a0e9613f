"""Candidates that were proposed lately, by the whole of the question: words, filters, order, and what whoever asks may
see, as it was looked up for this very question. That is the epoch of their rights: with every membership, care, role,
block or grant that changes it, it is another question. Nobody's texts are here, nor the words that were asked with.

A change of the index ends what it may concern: answers of a room that something is said in, of a type that something
changes of. What was asked before a change was found is not answered with after it.
"""

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from common.clock import Clock
from common.lib.cache import BoundedCache
from serve_app.capabilities.search.port import Key
from serve_app.capabilities.search.process.questions import AnsweredQuestion, Question, pack
from serve_app.capabilities.search.sources.conversations import EXCLUDED
from serve_app.capabilities.search.sources.messages import TYPE as MESSAGES
from serve_app.capabilities.search.sources.messages import room_of

HOLDS_S: Final = 60.0
_MOST: Final = 100_000  # candidates
_LEAST: Final = 20  # that an answer counts for, however few are in it
_MOST_CHANGED: Final = 50_000  # rooms


@dataclass(frozen=True, slots=True)
class _Kept:
    answered: AnsweredQuestion
    since: int
    until_s: float


class Remembered:
    """Of one generation: another has a `Remembered` of its own."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._secret = secrets.token_bytes(32)
        self._answers: BoundedCache[bytes, _Kept] = BoundedCache(_MOST)
        self._changes = self._ever = 0
        self._changed: dict[str, int] = {}  # by room, and by type

    @property
    def changes(self) -> int:
        """How many there were: to be read before the index is asked."""
        return self._changes

    def changed(self, keys: Iterable[Key]) -> None:
        """These were changed, and the change is found by now."""
        self._changes += 1
        if len(self._changed) > _MOST_CHANGED:
            self._forget()
        for key in keys:
            self._changed[room_of(key) if key.type == MESSAGES else key.type] = self._changes

    def get(self, question: Question) -> AnsweredQuestion | None:
        """The answer, if it holds."""
        kept = self._answers.get(self._name(question))
        if kept is None or self._clock.monotonic_s() >= kept.until_s:
            return None
        return kept.answered if self._stands(question, kept.since) else None

    def put(self, question: Question, answered: AnsweredQuestion, since: int) -> None:
        """Keep it. `since`: `changes` as they were before the index was asked."""
        kept = _Kept(answered, since, self._clock.monotonic_s() + HOLDS_S)
        self._answers.put(self._name(question), kept, max(_LEAST, len(answered.candidates)))

    def _forget(self) -> None:
        self._answers, self._changed = BoundedCache(_MOST), {}
        self._ever = self._changes

    def _stands(self, question: Question, since: int) -> bool:
        if since < self._ever or (concerned := _concerns(question)) is None:
            return since == self._changes
        return all(self._changed.get(one, 0) <= since for one in concerned)

    def _name(self, question: Question) -> bytes:
        return hashlib.blake2b(pack(question), key=self._secret, digest_size=16).digest()


def _concerns(question: Question) -> list[str] | None:
    """The rooms and types in which something can change the answer. None: anywhere."""
    found = [EXCLUDED]
    for some in question.either:
        types, rooms = _values(some, "type"), _values(some, "room")
        if not types or (MESSAGES in types and not rooms):
            return None
        found += [*(one for one in types if one != MESSAGES), *rooms]
    return found if question.either else None


def _values(conditions: Sequence[Sequence[object]], name: str) -> list[str]:
    return [value for one in conditions if one[:2] == ["among", name] for value in one[2]]  # type: ignore[attr-defined]
