import asyncio
from typing import Any

import pytest

from common.errors import StartupError
from store.crypto.masterkeys import MasterKeys
from store.crypto.vault import KeyringVault
from tests.contract.conftest import Backend

AAD = b"room:1#7"
OLD, NEW = {"old": b"o" * 32}, {"new": b"n" * 32}


async def sealed(vault: KeyringVault, subject: str, text: bytes = b"text") -> bytes:
    await vault.ensure([subject])
    return vault.seal(subject, text, AAD)


async def opened(vault: KeyringVault, blob: bytes) -> bytes | None:
    await vault.unlock([blob])
    return vault.open(blob, AAD)


async def test_what_one_process_seals_another_opens(backend: Backend) -> None:
    writer, reader = backend.vault(), backend.vault()
    for text in (b"", b"hello", bytes(100_000)):
        assert await opened(reader, await sealed(writer, "alice", text)) == text


async def test_the_same_text_never_looks_the_same(backend: Backend) -> None:
    vault = backend.vault()
    assert len({await sealed(vault, "alice") for _ in range(100)}) == 100


async def test_each_person_has_a_key_of_their_own(backend: Backend) -> None:
    vault = backend.vault()
    alice, bob = await sealed(vault, "alice"), await sealed(vault, "bob")
    assert alice[1:9] != bob[1:9]
    assert (await sealed(vault, "alice"))[1:9] == alice[1:9]


async def test_without_its_key_nothing_is_sealed_or_opened(backend: Backend) -> None:
    vault = backend.vault()
    assert not vault.has("alice")
    with pytest.raises(LookupError):
        vault.seal("alice", b"text", AAD)
    await vault.ensure(["alice", "alice"])
    assert vault.has("alice")
    blob = vault.seal("alice", b"text", AAD)
    with pytest.raises(LookupError):
        backend.vault().open(blob, AAD)
    await vault.ensure([])
    await vault.unlock([])


async def test_a_blob_opens_only_as_it_was_and_where_it_was(backend: Backend) -> None:
    vault = backend.vault()
    blob = await sealed(vault, "alice")
    with pytest.raises(ValueError, match="belongs elsewhere"):
        vault.open(blob, b"room:2#7")
    for position in (9, 25, len(blob) - 1):
        altered = bytearray(blob)
        altered[position] ^= 1
        with pytest.raises(ValueError, match="altered"):
            vault.open(bytes(altered), AAD)
    for broken in (b"", blob[:36], b"\x02" + blob[1:]):
        with pytest.raises(ValueError, match="not a sealed blob"):
            vault.open(broken, AAD)


async def test_two_processes_that_make_the_first_key_at_once_end_with_one(backend: Backend) -> None:
    for number in range(20):
        subject, vaults = f"user{number}", [backend.vault() for _ in range(4)]
        blobs = await asyncio.gather(*(sealed(vault, subject) for vault in vaults))
        assert len({blob[1:9] for blob in blobs}) == 1
        assert {await opened(vaults[0], blob) for blob in blobs} == {b"text"}


async def test_what_was_sealed_for_an_erased_person_is_gone_for_good(backend: Backend) -> None:
    vault = backend.vault()
    blob, other = await sealed(vault, "alice"), await sealed(vault, "bob")
    await vault.rotate("alice")
    second = await sealed(vault, "alice")
    await vault.erase("alice")
    assert not vault.has("alice")
    assert [await opened(vault, each) for each in (blob, second, other)] == [None, None, b"text"]
    fresh = backend.vault()
    assert [await opened(fresh, each) for each in (blob, second, other)] == [None, None, b"text"]
    await vault.erase("alice")
    await vault.erase("nobody")


async def test_what_is_sealed_for_an_erased_person_later_is_noise_everywhere(backend: Backend) -> None:
    """A letter that was on its way gets sealed, as the kernel expects, and nobody can ever open it."""
    vault, other = backend.vault(), backend.vault()
    await sealed(vault, "alice")
    await vault.erase("alice")
    for process in (vault, other, backend.vault()):
        late = await sealed(process, "alice", b"late")
        assert [await opened(one, late) for one in (process, vault, backend.vault())] == [None] * 3
    await vault.rotate("alice")
    assert await opened(vault, await sealed(vault, "alice")) is None


async def test_a_first_key_that_is_made_while_its_person_is_erased_does_not_come_about(backend: Backend) -> None:
    """The vault has seen that there is no key, the person is erased elsewhere, and only then it makes one."""
    store = SlowKeyStore(backend.keys)
    vault = KeyringVault(store, backend.masters, backend.clock)
    await vault.ensure([])
    store.go.clear()
    making = asyncio.create_task(vault.ensure(["alice"]))
    await store.reached.wait()
    await backend.vault().erase("alice")
    store.go.set()
    await making
    late = vault.seal("alice", b"late", AAD)
    assert await opened(backend.vault(), late) is None


async def test_tombstones_stand_in_the_way_of_no_start_and_no_new_master_key(backend: Backend) -> None:
    vault = backend.vault()
    await vault.erase("alice")
    await vault.check()
    assert await vault.rewrap() == 0


async def test_other_processes_honour_an_erasure_within_half_a_minute(backend: Backend) -> None:
    here, there = backend.vault(), backend.vault()
    blob = await sealed(there, "alice")
    await there.unlock([blob])
    await here.erase("alice")
    assert there.open(blob, AAD) == b"text"  # it has not heard yet
    backend.clock.now_s += 30.0
    assert not there.has("alice")
    with pytest.raises(LookupError):
        there.open(blob, AAD)
    with pytest.raises(LookupError):
        there.seal("alice", b"more", AAD)
    assert await opened(there, blob) is None
    assert (await sealed(there, "alice"))[1:9] != blob[1:9]


async def test_who_asks_anew_hears_of_an_erasure_at_once(backend: Backend) -> None:
    here, there = backend.vault(), backend.vault()
    blob = await sealed(there, "alice")
    await there.unlock([blob], anew=True)
    assert there.open(blob, AAD) == b"text"
    await here.erase("alice")
    await there.unlock([blob])
    assert there.open(blob, AAD) == b"text"  # it was not asked anew
    await there.unlock([blob], anew=True)
    assert there.open(blob, AAD) is None


async def test_keys_that_were_ensured_stay_good_for_a_while(backend: Backend) -> None:
    vault = backend.vault()
    for _ in range(20):
        backend.clock.now_s += 7.0
        await vault.ensure(["alice"])
        backend.clock.now_s += 14.9
        blob = vault.seal("alice", b"text", AAD)
        await vault.unlock([blob])
        backend.clock.now_s += 14.9
        assert vault.open(blob, AAD) == b"text"


async def test_an_erasure_while_keys_are_being_loaded_is_not_missed(backend: Backend) -> None:
    """The vault reads a key, another coroutine of it erases the person, and only then the first goes on."""
    writer = backend.vault()
    blob = await sealed(writer, "alice")
    store = SlowKeyStore(backend.keys)
    vault = KeyringVault(store, backend.masters, backend.clock)
    await vault.ensure([])
    store.go.clear()
    loading = asyncio.create_task(vault.unlock([blob]))
    await store.reached.wait()
    await vault.erase("alice")
    store.go.set()
    await loading
    assert vault.open(blob, AAD) is None


class SlowKeyStore:
    """The key store behind it, whose answers to `by_id` and `newest` are held back until told."""

    def __init__(self, keys: Any) -> None:
        self._keys = keys
        self.go, self.reached = asyncio.Event(), asyncio.Event()
        self.go.set()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._keys, name)

    async def by_id(self, ids: Any) -> Any:
        return await self._held(await self._keys.by_id(ids))

    async def newest(self, subjects: Any) -> Any:
        return await self._held(await self._keys.newest(subjects))

    async def _held(self, answer: Any) -> Any:
        self.reached.set()
        await self.go.wait()
        return answer


async def test_a_rotated_key_seals_and_the_old_ones_still_open(backend: Backend) -> None:
    vault, other = backend.vault(), backend.vault()
    blobs = [await sealed(vault, "alice")]
    await other.ensure(["alice"])
    for _ in range(2):
        await vault.rotate("alice")
        blobs.append(await sealed(vault, "alice"))
    blobs.append(other.seal("alice", b"text", AAD))  # it has not heard; that is no harm
    assert len({blob[1:9] for blob in blobs}) == 3
    assert [await opened(backend.vault(), blob) for blob in blobs] == [b"text"] * 4
    await vault.rotate("someone new")
    assert await opened(other, await sealed(vault, "someone new")) == b"text"


async def test_rewrapping_moves_every_key_to_the_newest_master_key(backend: Backend) -> None:
    old, both, new = MasterKeys(OLD), MasterKeys(NEW | OLD), MasterKeys(NEW)
    blobs = [await sealed(backend.vault(old), f"user{number}") for number in range(12)]
    assert await opened(backend.vault(both), blobs[0]) == b"text"
    with pytest.raises(StartupError, match="'old'"):
        await backend.vault(new).check()
    assert await backend.vault(both).rewrap(batch=5) == 12
    assert await backend.vault(both).rewrap() == 0
    await backend.vault(new).check()
    assert [await opened(backend.vault(new), blob) for blob in blobs] == [b"text"] * 12


async def test_a_start_with_the_wrong_master_keys_is_refused(backend: Backend) -> None:
    await backend.vault(MasterKeys({"k": b"1" * 32})).check()
    await sealed(backend.vault(MasterKeys({"k": b"1" * 32})), "alice")
    await backend.vault(MasterKeys({"k": b"1" * 32})).check()
    with pytest.raises(StartupError, match="not among the keys given"):
        await backend.vault(MasterKeys({"other": b"1" * 32})).check()
    with pytest.raises(StartupError, match="is not the one"):
        await backend.vault(MasterKeys({"k": b"2" * 32})).check()


async def test_a_small_cache_forgets_and_loads_again(backend: Backend) -> None:
    vault = backend.vault(max_keys=2)
    blobs = [await sealed(vault, f"user{number}") for number in range(5)]
    await vault.unlock(blobs)
    assert [vault.open(blob, AAD) for blob in blobs] == [b"text"] * 5
    subjects = [f"user{number}" for number in (4, 0, 1, 2, 3)]
    await vault.ensure(subjects)
    assert all(vault.has(subject) for subject in subjects)
    for blob in blobs:
        assert await opened(vault, blob) == b"text"
