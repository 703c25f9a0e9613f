"""The order by meaning: what the model is fed, how little it may take, and what stays as it was without it."""

import asyncio
import importlib.util
import threading
from collections.abc import Sequence

import pytest

from common.errors import StartupError, Unavailable
from config.settings import SearchSettings, Settings
from serve_app.capabilities.search.asking.matching import Match
from serve_app.capabilities.search.asking.opening import OpenedHits, VisibleHit
from serve_app.capabilities.search.asking.reranking import ranked, rearranged
from serve_app.capabilities.search.meaning.ranking import Ranking, sentence_model
from serve_app.capabilities.search.meaning.wordpiece import numbers, vocabulary
from serve_app.capabilities.search.process.questions import HitCandidate
from serve_app.capabilities.search.sources.entry import Opened
from serve_app.launch.preflight import check_extras

KNOWN = vocabulary()
FED: list[tuple[str, list[int]]] = [  # as the reference, `tokenizers` 0.23.3, says
    ("Hello, world!", [101, 7592, 1010, 2088, 999, 102]),
    ("unaffable \u00dcberraschung", [101, 14477, 20961, 3468, 19169, 8180, 20760, 3070, 102]),
    ("I can't sleep \u2026", [101, 1045, 2064, 1005, 1056, 3637, 1529, 102]),
    ("x" * 101, [101, 100, 102]),
    ("\u4f60\u597d", [101, 100, 100, 102]),
    ("", [101, 102]),
]


@pytest.mark.parametrize(("text", "wanted"), FED)
def test_texts_become_the_pieces_that_the_model_knows(text: str, wanted: list[int]) -> None:
    assert numbers(text, KNOWN, 64) == wanted


def test_a_long_text_is_cut() -> None:
    assert len(numbers("garden " * 1000, KNOWN, 64)) == 64


@pytest.mark.skipif(importlib.util.find_spec("onnxruntime") is None, reason="needs the extra `rerank`")
@pytest.mark.allows("threads", reason="the model runs in one, so that others are answered meanwhile")
async def test_what_means_the_same_in_other_words_comes_first() -> None:
    texts = ["The invoice for October is attached.", "My insomnia is back.", "See you on Tuesday at nine."]
    assert (await Ranking(sentence_model).order("sleeping badly", texts))[0] == 1


@pytest.mark.skipif(importlib.util.find_spec("onnxruntime") is not None, reason="the extra `rerank` is there")
def test_without_its_packages_the_setting_says_which_to_install() -> None:
    with pytest.raises(StartupError, match=r"onnxruntime.*carewire\[rerank\]"):
        check_extras(Settings(search=SearchSettings(rerank=True)))


class Slow:
    """A model that takes its time."""

    def __init__(self) -> None:
        self.go = threading.Event()

    def likeness(self, question: str, texts: Sequence[str]) -> list[float]:
        self.go.wait(10)
        return [float(len(text)) for text in texts]


@pytest.mark.allows("threads", reason="whoever is busy is so in a thread")
async def test_whoever_asks_while_it_is_busy_is_told_so_at_once() -> None:
    slow = Slow()
    ranking = Ranking(lambda: slow)
    first = asyncio.create_task(ranking.order("q", ["a", "bbb", "cc"]))
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await ranking.order("q", ["a"])
    slow.go.set()
    assert await first == [1, 2, 0]
    assert await ranking.order("q", ["a"]) == [0]


def looked(*titles: str) -> OpenedHits:
    """Hits at every second place."""
    opened = [Opened(type="messages", id=title, title=title, at=0, link="") for title in titles]
    return OpenedHits([VisibleHit(2 * place, one, Match()) for place, one in enumerate(opened)], 2 * len(titles))


async def test_the_first_hits_change_places_and_the_pages_that_follow_go_on_from_there() -> None:
    before = looked(*map(str, range(25)))

    async def backwards(_: str, texts: Sequence[str]) -> Sequence[int]:
        return range(len(texts))[::-1]

    after = await ranked(backwards, "q", before)
    assert after is not None
    assert [one.opened.id for one in after.seen] == [*map(str, range(19, -1, -1)), *map(str, range(20, 25))]
    assert [one.place for one in after.seen] == [2 * place for place in range(25)]
    noted = [HitCandidate("messages", str(n / 2), n) for n in range(50)]
    moved = rearranged(noted, before, after)
    assert [moved[one.place].at // 2 for one in after.seen] == [int(one.opened.id) for one in after.seen]
    assert moved[1::2] == noted[1::2]


async def test_without_an_answer_in_time_they_stay_as_they_were() -> None:
    async def never(_: str, texts: Sequence[str]) -> Sequence[int]:
        await asyncio.Event().wait()
        return []

    async def away(_: str, texts: Sequence[str]) -> Sequence[int]:
        raise Unavailable("Search does not answer just now.")

    async def nonsense(_: str, texts: Sequence[str]) -> Sequence[int]:
        return [0, 0]

    for order in (never, away, nonsense):
        assert await ranked(order, "q", looked("a", "b"), within_s=0.01) is None
    assert await ranked(never, "q", looked("alone")) is None
