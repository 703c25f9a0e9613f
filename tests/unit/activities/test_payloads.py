"""Payloads are opened under keys that are read anew, many together, and each answers for itself."""

import asyncio

import pytest
from msgspec.structs import replace
from typing_extensions import override

from actors.kernel.contract.protocol import Offered
from actors.kernel.history.codec import activity_place
from serve_app.activities.payloads import Payloads
from store.crypto.masterkeys import MasterKeys
from store.crypto.vault import KeyringVault
from store.memory.keys import MemoryKeyStore
from tests.unit.activities.rig import LoopClock, an_offer


class CountingKeys(MemoryKeyStore):
    """Counts how often anybody asks whether somebody was erased."""

    asked = 0

    @override
    async def erasures(self) -> int:
        self.asked += 1
        await asyncio.sleep(0.01)
        return await super().erasures()


async def sealed(vault: KeyringVault, number: int, owner: str) -> Offered:
    offered = an_offer(number, owner=owner)
    await vault.ensure([owner])
    place = activity_place(offered.entity, offered.key)
    return replace(offered, payload=vault.seal(owner, offered.payload, place))


@pytest.fixture
def keys() -> CountingKeys:
    return CountingKeys()


def a_vault(keys: CountingKeys, masters: MasterKeys) -> KeyringVault:
    return KeyringVault(keys, masters, LoopClock())


async def test_an_erasure_elsewhere_counts_at_once(keys: CountingKeys) -> None:
    masters = MasterKeys.generate()
    here, elsewhere = a_vault(keys, masters), a_vault(keys, masters)
    offered = await sealed(here, 1, "ann")
    payloads = Payloads(here)
    assert await payloads.open(offered) == b"1"
    await elsewhere.erase("ann")
    assert await payloads.open(offered) is None


async def test_many_are_opened_with_one_look_and_one_that_was_altered_harms_no_other(keys: CountingKeys) -> None:
    masters = MasterKeys.generate()
    here, elsewhere = a_vault(keys, masters), a_vault(keys, masters)
    offers = [await sealed(here, number, f"usr_{number}") for number in range(20)]
    offers[3] = replace(offers[3], key="mail|elsewhere")
    await elsewhere.erase("usr_4")
    payloads = Payloads(here)
    before = keys.asked
    opened = await asyncio.gather(*map(payloads.open, offers), return_exceptions=True)
    assert keys.asked - before <= 2
    assert isinstance(opened[3], ValueError)
    assert opened[4] is None
    assert [one for place, one in enumerate(opened) if place not in (3, 4)] == [
        str(number).encode() for number in range(20) if number not in (3, 4)
    ]


async def test_what_has_no_owner_is_in_the_clear(keys: CountingKeys) -> None:
    assert await Payloads(a_vault(keys, MasterKeys.generate())).open(an_offer(1, owner="")) == b"1"
    assert keys.asked == 0
