"""Envelope encryption: AES-256-GCM under one data key a person, the data keys wrapped under master keys.

A blob is: version (1 byte), key id (8), nonce (12), ciphertext and tag (plaintext + 16): 37 bytes more than the text.
Nonces are random, so one data key may seal 2^32 blobs (NIST SP 800-38D, 8.3); `rotate` gives a person a new one.

Who was erased gets no key ever again: a tombstone stands in its place, and what is still sealed for them (a letter that
was on its way) is sealed under a key that nobody keeps.

Erasing a person's keys is honoured at once where it is done, and elsewhere within `2 * recheck_s`: every vault asks
the key store every `recheck_s` seconds whether anything was erased, and forgets all its keys if so. A vault that could
not ask for that long refuses to use what it has.
"""

import os
import secrets
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import replace
from typing import Final, TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from common.clock import Clock
from common.errors import StartupError, Unavailable
from store.crypto.masterkeys import KEY_BYTES, NONCE_BYTES, MasterKeys
from store.ports.keys import ID_BYTES, KeyStore, WrappedKey

_VERSION: Final = b"\x01"
_HEADER: Final = 1 + ID_BYTES
_BODY: Final = _HEADER + NONCE_BYTES
_SHORTEST: Final = _BODY + 16
_ROUNDS: Final = 5  # to load keys; a second is needed after a key was made, more only while people are being erased

_K = TypeVar("_K")
_V = TypeVar("_V")


class KeyringVault:
    """The vault of one process: a key store, and a bounded cache of the keys it has unwrapped."""

    def __init__(
        self, store: KeyStore, masters: MasterKeys, clock: Clock, *, max_keys: int = 20_000, recheck_s: float = 15.0
    ) -> None:
        self._store, self._masters, self._clock = store, masters, clock
        self._max_keys, self._recheck_s = max_keys, recheck_s
        self._current: OrderedDict[str, tuple[bytes, AESGCM]] = OrderedDict()
        self._ciphers: OrderedDict[bytes, AESGCM | None] = OrderedDict()  # None: there is no such key (any more)
        self._erasures = -1
        self._generation = 0  # grows whenever keys are forgotten: what was read before is not remembered after
        self._good_until_s = float("-inf")

    async def check(self) -> None:
        """Can the master keys at hand unwrap what is stored? For start-up.

        Raises:
            StartupError: a master key is missing, or is another one than it was.
        """
        for key in await self._store.samples():
            if key.master not in self._masters:
                raise StartupError(
                    f"The database holds data encrypted under the master key {key.master!r}, which is not among the "
                    "keys given; add it to CAREWIRE_ENCRYPTION__MASTER_KEYS (or restore the key file)."
                )
            try:
                self._masters.unwrap(key.master, key.wrapped, key.aad)
            except ValueError:
                raise StartupError(
                    f"The master key {key.master!r} is not the one that the database was encrypted under; "
                    "restore the right one in CAREWIRE_ENCRYPTION__MASTER_KEYS (or the key file)."
                ) from None

    async def ensure(self, subjects: Iterable[str]) -> None:
        await self._recheck()
        wanted = dict.fromkeys(subjects)
        for _ in range(_ROUNDS):
            missing = [subject for subject in wanted if not _touch(self._current, subject)]
            if not missing:
                return
            generation = self._generation
            found = await self._store.newest(missing)
            if self._generation == generation:  # else what was read may have been erased meanwhile
                self._remember(found.values(), room_for=len(wanted))
                await self._store.add([self._new_key(subject, 1) for subject in missing if subject not in found])
        raise Unavailable("Encryption keys are being changed just now; try again.")

    async def unlock(self, blobs: Iterable[bytes], *, anew: bool = False) -> None:
        await self._recheck(anew=anew)
        wanted = {blob[1:_HEADER] for blob in blobs}
        for _ in range(_ROUNDS):
            missing = [id_ for id_ in wanted if not _touch(self._ciphers, id_)]
            if not missing:
                return
            generation = self._generation
            found = await self._store.by_id(missing)
            if self._generation == generation:
                for id_ in missing:
                    key = found.get(id_)
                    self._ciphers[id_] = None if key is None or key.is_tombstone else self._cipher(key)
                _trim(self._ciphers, max(self._max_keys, len(wanted)))
                return
        raise Unavailable("Encryption keys are being changed just now; try again.")

    def has(self, subject: str) -> bool:
        return subject in self._current and self._clock.monotonic_s() < self._good_until_s

    def seal(self, subject: str, plaintext: bytes, aad: bytes) -> bytes:
        if self._clock.monotonic_s() >= self._good_until_s:
            raise LookupError("the keys at hand are too old: await ensure() first")
        id_, cipher = self._current[subject]
        self._current.move_to_end(subject)
        nonce = os.urandom(NONCE_BYTES)
        return _VERSION + id_ + nonce + cipher.encrypt(nonce, plaintext, aad)

    def open(self, blob: bytes, aad: bytes) -> bytes | None:
        if blob[:1] != _VERSION or len(blob) < _SHORTEST:
            raise ValueError("not a sealed blob")
        if self._clock.monotonic_s() >= self._good_until_s:
            raise LookupError("the keys at hand are too old: await unlock() first")
        id_ = blob[1:_HEADER]
        cipher = self._ciphers[id_]
        if cipher is None:
            return None
        self._ciphers.move_to_end(id_)
        try:
            return cipher.decrypt(blob[_HEADER:_BODY], blob[_BODY:], aad)
        except InvalidTag:
            raise ValueError("the blob was altered, or belongs elsewhere") from None

    async def erase(self, subject: str) -> None:
        ids = await self._store.erase(subject)
        self._generation += 1
        for id_ in ids:
            self._ciphers[id_] = None
        self._current.pop(subject, None)

    async def rotate(self, subject: str) -> None:
        """Give the person a new data key. What older ones sealed stays readable; other processes go on sealing
        under the one they have until they need to load it again."""
        old = (await self._store.newest([subject])).get(subject)
        if old is not None and old.is_tombstone:
            return
        await self._store.add([self._new_key(subject, old.version + 1 if old is not None else 1)])
        self._current.pop(subject, None)

    async def rewrap(self, *, batch: int = 500) -> int:
        """Wrap every data key under the newest master key; how many had another. Afterwards, and once every process
        runs with the new one, the old master key may go. Can be interrupted and run again."""
        count = 0
        while keys := await self._store.not_under(self._masters.newest, limit=batch):
            for key in keys:
                plain = self._masters.unwrap(key.master, key.wrapped, key.aad)
                wrapped = self._masters.wrap(plain, key.aad)
                await self._store.rewrap(key, replace(key, master=self._masters.newest, wrapped=wrapped))
            count += len(keys)
        return count

    async def _recheck(self, *, anew: bool = False) -> None:
        """Make sure that the keys at hand may be used for `recheck_s` from now on."""
        now_s = self._clock.monotonic_s()
        if not anew and now_s + self._recheck_s < self._good_until_s:
            return
        erasures = await self._store.erasures()
        if erasures != self._erasures:
            self._current.clear()
            self._ciphers.clear()
            self._generation += 1
            self._erasures = erasures
        self._good_until_s = now_s + 2 * self._recheck_s

    def _new_key(self, subject: str, version: int) -> WrappedKey:
        key = WrappedKey(
            id=secrets.token_bytes(ID_BYTES), subject=subject, version=version, master=self._masters.newest, wrapped=b""
        )
        return replace(key, wrapped=self._masters.wrap(secrets.token_bytes(KEY_BYTES), key.aad))

    def _remember(self, keys: Iterable[WrappedKey], *, room_for: int) -> None:
        for key in keys:
            cipher = self._ciphers.get(key.id) or self._cipher(key)
            self._ciphers[key.id] = None if key.is_tombstone else cipher
            self._current[key.subject] = (key.id, cipher)
        _trim(self._ciphers, max(self._max_keys, room_for))
        _trim(self._current, max(self._max_keys, room_for))

    def _cipher(self, key: WrappedKey) -> AESGCM:
        if key.is_tombstone:
            return AESGCM(secrets.token_bytes(KEY_BYTES))
        return AESGCM(self._masters.unwrap(key.master, key.wrapped, key.aad))


def _touch(cache: OrderedDict[_K, _V], key: _K) -> bool:
    """Is it there? Then it is the last to go."""
    if key in cache:
        cache.move_to_end(key)
        return True
    return False


def _trim(cache: OrderedDict[_K, _V], size: int) -> None:
    while len(cache) > size:
        cache.popitem(last=False)
