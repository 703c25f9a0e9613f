"""Tokens of feeds, on both kinds of storage."""

import msgspec
import pytest

from store.ports.feed_tokens import FeedToken, FeedTokenStore
from store.ports.stores import Stores
from tests.contract.conftest import Backend


@pytest.fixture
def tokens(stores: Stores) -> FeedTokenStore:
    return stores.feed_tokens


def a_token(name: str, backend: Backend, **changes: object) -> FeedToken:
    now_ms = backend.clock.now_ms()
    made = FeedToken(
        id=name, feed="calendar:doc", user="doc", role="therapist", digest="d", created=now_ms, expires=now_ms + 60_000
    )
    return msgspec.structs.replace(made, **changes)


async def test_a_token_is_found_as_it_was_made_until_it_is_over(backend: Backend, tokens: FeedTokenStore) -> None:
    made = a_token("fdt_1", backend)
    await tokens.add(made)
    backend.clock.now_s += 59
    assert await tokens.find("fdt_1") == made
    assert await tokens.find("fdt_2") is None
    backend.clock.now_s += 1
    assert await tokens.find("fdt_1") is None
    assert await tokens.of_feed("calendar:doc") == await tokens.of_user("doc") == []


async def test_they_are_listed_by_feed_and_by_user_in_order(backend: Backend, tokens: FeedTokenStore) -> None:
    one, two = a_token("fdt_1", backend), a_token("fdt_2", backend, user="root")
    own = a_token("fdt_3", backend, feed="client:doc")
    for token in (two, own, one):
        await tokens.add(token)
    assert await tokens.of_feed("calendar:doc") == [one, two]
    assert await tokens.of_user("doc") == [one, own]


async def test_one_is_removed_from_its_own_feed_alone_and_once(backend: Backend, tokens: FeedTokenStore) -> None:
    await tokens.add(a_token("fdt_1", backend))
    assert not await tokens.remove("fdt_1", "calendar:eve")
    assert await tokens.find("fdt_1") is not None
    assert await tokens.remove("fdt_1", "calendar:doc")
    assert not await tokens.remove("fdt_1", "calendar:doc")
    assert await tokens.find("fdt_1") is None


async def test_those_of_a_person_are_forgotten_and_no_others(backend: Backend, tokens: FeedTokenStore) -> None:
    kept = a_token("fdt_2", backend, user="root")
    for token in (a_token("fdt_1", backend), kept, a_token("fdt_3", backend, feed="client:doc")):
        await tokens.add(token)
    await tokens.forget("doc")
    assert await tokens.of_user("doc") == []
    assert await tokens.of_feed("calendar:doc") == [kept]
