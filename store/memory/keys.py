"""Wrapped data keys in memory."""

from collections.abc import Mapping, Sequence

from store.ports.keys import WrappedKey, newest_of, tombstone


class MemoryKeyStore:
    """Wrapped keys in dictionaries. Behaves as `MongoKeyStore` does."""

    def __init__(self) -> None:
        self._keys: dict[bytes, WrappedKey] = {}
        self._versions: dict[str, dict[int, bytes]] = {}
        self._erasures = 0

    async def newest(self, subjects: Sequence[str]) -> Mapping[str, WrappedKey]:
        return newest_of(self._keys[id_] for subject in subjects for id_ in self._versions.get(subject, {}).values())

    async def by_id(self, ids: Sequence[bytes]) -> Mapping[bytes, WrappedKey]:
        return {id_: self._keys[id_] for id_ in ids if id_ in self._keys}

    async def add(self, keys: Sequence[WrappedKey]) -> None:
        for key in keys:
            if key.id not in self._keys and key.version not in self._versions.get(key.subject, {}):
                self._keys[key.id] = key
                self._versions.setdefault(key.subject, {})[key.version] = key.id

    async def not_under(self, master: str, *, limit: int) -> list[WrappedKey]:
        return [key for key in self._keys.values() if key.master != master and not key.is_tombstone][:limit]

    async def rewrap(self, old: WrappedKey, new: WrappedKey) -> None:
        if self._keys.get(old.id) == old:
            self._keys[old.id] = new

    async def samples(self) -> list[WrappedKey]:
        return list({key.master: key for key in self._keys.values() if not key.is_tombstone}.values())

    async def erase(self, subject: str) -> Sequence[bytes]:
        self._erasures += 1
        ids = list(self._versions.pop(subject, {}).values())
        for id_ in ids:
            del self._keys[id_]
        await self.add([tombstone(subject)])
        return ids

    async def erasures(self) -> int:
        return self._erasures
