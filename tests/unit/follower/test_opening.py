"""Turns as readers of the journal get them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import cast

from typing_extensions import override

from actors.kernel.history.codec import Codec
from actors.rooms.messages.chat_message import Content, content_of, pack
from actors.rooms.room.events import Posted
from actors.rooms.room.kind import RoomKind
from common.clock import SystemClock
from config.settings import Settings
from serve_app.follower.source import TurnOpener
from store.crypto.masterkeys import MasterKeys
from store.crypto.vault import KeyringVault
from store.memory.keys import MemoryKeyStore
from store.memory.stores import memory_stores
from store.ports.journal import Turn
from store.ports.keys import WrappedKey

KIND = RoomKind(Settings().rooms)


class CountingKeys(MemoryKeyStore):
    """Counts how often it is asked for keys."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    @override
    async def by_id(self, ids: Sequence[bytes]) -> Mapping[bytes, WrappedKey]:
        self.asked += 1
        return await super().by_id(ids)


async def said(vault: KeyringVault, people: Sequence[str]) -> list[Turn]:
    """A turn in a room of each of them, in which they say their name."""
    await vault.ensure(people)
    codec, turns = Codec(KIND, vault), []
    for user in people:
        event = Posted(author=user, secret=pack(Content(user, b"", None)), at=1, id=f"msg_{user}")
        blob = codec.encode(f"room:{user}", event, 7)
        turns.append(Turn(f"room:{user}", turn=3, first_seq=7, at_ms=1, partition=0, events=(blob,), primary=1))
    return turns


async def test_the_keys_of_many_people_are_asked_for_at_once() -> None:
    keys, masters = CountingKeys(), MasterKeys.generate()
    people = [f"u{number}" for number in range(50)]
    turns = await said(KeyringVault(keys, masters, SystemClock()), people)
    stores = replace(memory_stores(), vault=KeyringVault(keys, masters, SystemClock()))
    opened = await TurnOpener([KIND], stores).open(turns)
    assert keys.asked == 1
    assert [one.entity for one in opened] == [turn.entity for turn in turns]
    found = [cast("Posted", one.recorded[0].event).secret for one in opened]
    assert [content_of(secret or b"").body for secret in found] == people
    assert {one.recorded[0].seq for one in opened} == {7}


async def test_what_was_erased_is_opened_as_nothing() -> None:
    keys, masters = CountingKeys(), MasterKeys.generate()
    vault = KeyringVault(keys, masters, SystemClock())
    turns = await said(vault, ["ada", "eve"])
    await vault.erase("eve")
    stores = replace(memory_stores(), vault=vault)
    opened = await TurnOpener([KIND], stores).open(turns)
    assert [one.recorded[0].event.secret is None for one in opened] == [False, True]
