"""Who says in which order texts mean what was asked, in the search process: in a thread, one question at a time. Who
comes meanwhile is told at once that there is no time: their hits stay as they are."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from common.errors import Unavailable


class Likening(Protocol):
    """A model of meaning."""

    def likeness(self, question: str, texts: Sequence[str]) -> list[float]:
        """The larger, the nearer. Blocks."""
        ...


def sentence_model() -> Likening:
    """The one that is installed. Takes a second."""
    from serve_app.capabilities.search.meaning.model import SentenceModel  # its packages are there with the extra only

    return SentenceModel()


class Ranking:
    """One a search process."""

    def __init__(self, load: Callable[[], Likening] = sentence_model) -> None:
        """`load`: the model, at its first use. Blocks."""
        self._load = load
        self._model: Likening | None = None
        self._busy = False

    async def order(self, question: str, texts: Sequence[str]) -> list[int]:
        """The places of the texts, the nearest first; of equals the first.

        Raises:
            Unavailable: it is busy with another question.
        """
        if self._busy:
            raise Unavailable("Another question is being looked at.")
        self._busy = True
        running = asyncio.ensure_future(asyncio.to_thread(self._liken, question, texts))
        running.add_done_callback(self._idle)
        near = await asyncio.shield(running)
        return sorted(range(len(near)), key=lambda place: -near[place])

    def _idle(self, _: object) -> None:
        """A thread cannot be stopped: whoever gave up waiting leaves it busy."""
        self._busy = False

    def _liken(self, question: str, texts: Sequence[str]) -> list[float]:
        if self._model is None:
            self._model = self._load()
        return self._model.likeness(question, texts)
