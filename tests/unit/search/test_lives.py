"""Lives of rooms, with searches in between: what is found, counted and corrected is what a plain look through all that
the caller may read at that moment finds. The index lags behind, or not: what it believes never shows."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from serve_app.capabilities.search.sources.messages import MessageSource
from serve_app.capabilities.search.sources.permits import RoomPermits
from tests.simulation.loop import VirtualLoop, run
from tests.unit.search.life import ROOMS, STEMS, TALK, USERS, Ageless, Everywhere, Keeping, Life, Trusting

QUERIES: Final = (*STEMS, "gardem", "heran", "quieet")


def plain_scan(readable: Mapping[str, tuple[str, str]], q: str) -> dict[str, str]:
    """Messages that say it, by id, with their room; if none does, those that say it but for one slip."""
    stem = STEMS.get(q, q)
    said = {id_: room for id_, (room, body) in readable.items() if any(STEMS[one] == stem for one in body.split())}
    if said:
        return said
    return {id_: room for id_, (room, body) in readable.items() if any(_is_slip(q, one) for one in body.split())}


def _is_slip(q: str, word: str) -> bool:
    return any(OSA.distance(q, form) == 1 for form, stem in STEMS.items() if stem == STEMS[word])


WORDS: Final = st.lists(st.sampled_from(sorted(STEMS)), min_size=1, max_size=3).map(" ".join)
TALKED: Final = ("add", "add", "remove", "leave", "say", "say", "say", "say", "edit", "delete", "hide", "feed")
KEPT: Final = ("say", "say", "take_down", "expire", "hold", "release", "erase", "block", "unblock", "feed")
CARED: Final = ("say", "say", "say", "cover", "cover_blindly", "active", "paused", "ended", "edit", "delete", "feed")


def lives(deeds: Sequence[str], rooms: Sequence[str]) -> "st.SearchStrategy[list[tuple[str, str, str, str, int]]]":
    """What happens, where, by whom, with which words."""
    one = st.tuples(st.sampled_from(deeds), st.sampled_from(rooms), st.sampled_from(USERS), WORDS, st.integers(0, 20))
    return st.lists(one, min_size=5, max_size=16)


ASKED: Final = st.lists(st.tuples(st.sampled_from(USERS), st.sampled_from(QUERIES)), min_size=1, max_size=4)


async def _judge(life: Life, user: str, q: str) -> None:
    page, readable = await life.found(user, q), await life.readable(user)
    first = await life.found(user, q, limit=1)  # so that the others are only counted
    assert (first.total, first.facets) == (page.total, page.facets)
    assert [one.id for one in first.hits] == [one.id for one in page.hits[:1]]
    ids = {hit.id for hit in page.hits}
    assert ids <= set(readable)
    assert ids <= life.promised(user), (q, user)
    assert page.total.value == len(ids)
    rooms = Counter(readable[id_][0] for id_ in ids)
    assert page.facets is not None
    assert {one.value: one.count for one in page.facets["room_id"]} == rooms
    for one in page.corrected:
        assert any(one.to in (hit.snippet or "").split() for hit in page.hits)
    if life.fed:
        assert ids == set(plain_scan(readable, q)), (q, user)


async def _lived(deeds: Sequence[Sequence[Any]], asked: Sequence[tuple[str, str]]) -> None:
    async with Life() as life:
        for number, deed in enumerate(deeds):
            await life.do(deed)
            await _judge(life, *asked[number % len(asked)])
        await life.feed()
        for user, q in asked:
            await _judge(life, user, q)


@settings(max_examples=15)
@given(lives(TALKED, ROOMS), ASKED)
def test_what_is_found_is_what_a_plain_look_through_all_that_one_may_read_finds(
    deeds: list[tuple[Any, ...]], asked: list[tuple[str, str]]
) -> None:
    run(VirtualLoop(), _lived(deeds, asked))


@settings(max_examples=15)
@given(lives(CARED, [TALK]), ASKED)
def test_it_is_so_while_care_is_covered_pauses_and_ends(
    deeds: list[tuple[Any, ...]], asked: list[tuple[str, str]]
) -> None:
    run(VirtualLoop(), _lived(deeds, asked))


@settings(max_examples=15)
@given(lives([*CARED, *KEPT], [TALK, *ROOMS]), ASKED)
def test_it_is_so_while_messages_have_had_their_time_are_held_and_people_are_erased(
    deeds: list[tuple[Any, ...]], asked: list[tuple[str, str]]
) -> None:
    run(VirtualLoop(), _lived(deeds, asked))


def deed(what: str, room: str = TALK, user: str = "ann") -> tuple[str, str, str, str, int]:
    return (what, room, user, "quiet heron", 1)


GONE: Final = {  # what happens before, who finds it then, and what happens that they find it no more
    "a member is removed": (["add"], "r0", "bob", ["remove"]),
    "a member leaves": (["add"], "r0", "bob", ["leave"]),
    "the owner ends searching": ([], "r0", "ann", ["hide"]),
    "a cover ends": (["cover"], TALK, "eve", ["active"]),
    "care pauses while it is covered": (["cover"], TALK, "eve", ["paused"]),
    "care ends while it is covered": (["cover"], TALK, "eve", ["ended"]),
    "it is taken back": ([], TALK, "tess", ["delete"]),
    "a moderator takes it down": ([], TALK, "tess", ["take_down"]),
    "it has had its time": ([], TALK, "tess", ["expire"]),
    "it has had its time under a hold": (["hold"], TALK, "tess", ["expire"]),
    "it is taken back under a hold that ends": (["hold"], TALK, "tess", ["delete", "release"]),
    "its author is erased": ([], TALK, "tess", ["erase"]),
}


@pytest.mark.parametrize("case", GONE)
async def test_whoever_may_not_see_it_any_more_finds_it_no_more_from_that_moment(case: str) -> None:
    """The index knows nothing of it yet. The twin shows what it has opened once."""
    before, room, user, events = GONE[case]
    for source in (MessageSource, Keeping):
        async with Life(source) as life:
            for what in before:
                await life.do(deed(what, room, user))
            await life.do(deed("say", room))
            await life.feed()
            assert [hit.snippet for hit in (await life.found(user, "heron")).hits] == ["quiet heron"], source
            for what in events:
                await life.do(deed(what, room, "ann" if what == "erase" else user))
            if source is Keeping:
                assert (await life.found(user, "heron")).hits
                continue
            for _ in ("before the index hears of it", "after"):
                page = await life.found(user, "heron")
                assert (page.hits, page.total.value, page.facets) == ([], 0, {"room_id": []})
                await life.feed()


UNSEATED: Final = (
    "a member is removed",
    "a member leaves",
    "the owner ends searching",
    "a cover ends",
    "care pauses while it is covered",
    "care ends while it is covered",
)


@pytest.mark.parametrize("case", UNSEATED)
async def test_what_a_room_has_said_of_somebody_ends_with_what_it_was_said_of(case: str) -> None:
    """The twin remembers it without asking what has moved since, and still shows all of it."""
    before, room, user, events = GONE[case]
    for source, permits in ((MessageSource, RoomPermits), (Everywhere, Ageless)):
        async with Life(source, permits) as life:
            for what in before:
                await life.do(deed(what, room, user))
            await life.do(deed("say", room))
            await life.feed()
            assert (await life.found(user, "heron")).total.value == 1, permits
            for what in events:
                await life.do(deed(what, room, user))
            page = await life.found(user, "heron")
            assert (len(page.hits), page.total.value) == ((1, 1) if permits is Ageless else (0, 0))


async def test_who_comes_again_without_history_sees_no_more_than_from_then_on() -> None:
    for source, permits in ((MessageSource, RoomPermits), (Everywhere, Ageless)):
        async with Life(source, permits) as life:
            await life.do(deed("cover"))
            await life.do(deed("say"))
            await life.feed()
            assert (await life.found("eve", "heron")).total.value == 1
            await life.do(deed("active"))
            await life.do(deed("cover_blindly"))
            assert (await life.found("eve", "heron")).total.value == (1 if permits is Ageless else 0)


async def test_a_room_that_is_searched_again_is_found_again() -> None:
    async with Life() as life:
        await life.do(deed("say", "r0"))
        await life.feed()
        for which, found in ((1, 0), (0, 1)):
            await life.do(("hide", "r0", "ann", "", which))
            assert (await life.found("ann", "heron")).total.value == found


async def test_who_stands_in_without_history_finds_what_is_said_from_then_on_alone() -> None:
    for source in (MessageSource, Trusting):
        async with Life(source) as life:
            await life.do(deed("say"))
            await life.feed()
            await life.do(deed("cover_blindly"))
            assert bool((await life.found("eve", "heron")).hits) is (source is Trusting)
            await life.do(("say", TALK, "tess", "garden", 0))
            await life.feed()
            assert [hit.snippet for hit in (await life.found("eve", "garden")).hits] == ["garden"]
            assert bool((await life.found("eve", "heron")).hits) is (source is Trusting)


async def test_who_is_blocked_finds_what_was_said_before_and_nothing_is_added() -> None:
    async with Life() as life:
        await life.do(deed("say"))
        await life.do(deed("block"))
        await life.do(("say", TALK, "tess", "garden", 0))
        await life.feed()
        assert [hit.snippet for hit in (await life.found("tess", "heron")).hits] == ["quiet heron"]
        assert (await life.found("ann", "garden")).hits == []


async def test_who_believes_the_index_shows_what_is_no_longer_theirs() -> None:
    for source in (MessageSource, Trusting):
        async with Life(source) as life:
            await life.do(("add", "r0", "bob", "", 0))
            await life.do(("say", "r0", "ann", "quiet heron", 0))
            await life.feed()
            assert [hit.snippet for hit in (await life.found("bob", "heron")).hits] == ["quiet heron"]
            await life.do(("remove", "r0", "bob", "", 0))
            assert bool((await life.found("bob", "heron")).hits) is (source is Trusting)
