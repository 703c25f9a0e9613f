"""Bringing entities into memory, many in one round trip, and fetching what their commands need beyond the state."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from actors.kernel.shard.reply_cache import ReplyCache
from actors.kernel.shard.residents.resident import Missing, Resident
from common.errors import Unavailable
from common.lib.batching import Batcher, without_results
from common.lib.tasks import Tasks
from common.logs import get_logger
from store.ports.journal import Loaded, Turn
from store.ports.stores import Stores

_log = get_logger(__name__)
_AT_ONCE: Final = 2  # round trips under way: whatever becomes cold meanwhile goes together with the next one


class Loader:
    """Activates cold residents and fetches parts and keys, beside the turns.

    `on_loaded(resident, owed)` is called when one is in memory; `owed` are turns of it whose effects may not be
    done. `on_failed` is called when the database cannot be reached for now.
    """

    def __init__(
        self,
        stores: Stores,
        tasks: Tasks,
        replies: ReplyCache,
        *,
        on_loaded: Callable[[Resident, list[Turn]], None],
        on_fetched: Callable[[Resident], None],
        on_failed: Callable[[Resident], None],
    ) -> None:
        self._stores = stores
        self._tasks = tasks
        self._replies = replies
        self._on_loaded = on_loaded
        self._on_fetched = on_fetched
        self._on_failed = on_failed
        self._cold: Batcher[Resident, None] = Batcher(without_results(self._load), at_once=_AT_ONCE, tasks=tasks)
        self._keyless: Batcher[tuple[Resident, Missing], None] = Batcher(
            without_results(self._fetch_keys), at_once=_AT_ONCE, tasks=tasks
        )

    def load(self, resident: Resident) -> None:
        """Bring one into memory."""
        self._cold.put(resident)

    def fetch(self, resident: Resident, missing: Missing) -> None:
        """Fetch what a command of this resident needs. Keys alone are fetched (or made) for many at once: with many new
        users each first word needs one."""
        if missing.parts or missing.replies:
            self._tasks.spawn(self._fetch(resident, missing))
            return
        self._keyless.put((resident, missing))

    async def _fetch_keys(self, batch: Sequence[tuple[Resident, Missing]]) -> None:
        then = self._on_fetched
        try:
            await self._stores.vault.ensure(subject for _, missing in batch for subject in missing.subjects)
        except Unavailable:
            then = self._on_failed
        for resident, _ in batch:
            then(resident)

    async def _load(self, batch: Sequence[Resident]) -> None:
        try:
            # In this order: an append given up as unknown may still arrive. A reply that is found belongs to a turn
            # that the later load sees too; the other way round we would answer from a turn that nobody publishes.
            replies = await self._stored_replies(batch)
            loaded = await self._stores.journal.load([resident.id for resident in batch])
        except Unavailable:
            for resident in batch:
                self._on_failed(resident)
            return
        for resident in batch:
            try:
                owed = restore(resident, loaded[resident.id], self._replies)
            except Exception:  # a journal that cannot be read costs this entity, not its neighbours  # noqa: BLE001
                _log.exception("entity.unreadable", entity=resident.id)
                self._on_failed(resident)
                continue
            for submission in resident.mailbox if resident.life.may_be_stored else ():
                if submission.command_id in replies:
                    submission.stored = replies[submission.command_id], resident.version
            self._on_loaded(resident, owed)

    async def _stored_replies(self, batch: Iterable[Resident]) -> dict[bytes, bytes]:
        ids = [waiting.command_id for resident in batch if resident.life.may_be_stored for waiting in resident.mailbox]
        return dict(await self._stores.journal.replies(ids)) if ids else {}

    async def _check_replies(self, resident: Resident) -> None:
        """A repeated command must get its first reply even where deciding it again would refuse it."""
        unchecked = [submission for submission in resident.mailbox if submission.unchecked]
        replies = await self._stores.journal.replies([submission.command_id for submission in unchecked])
        for submission in unchecked:
            submission.unchecked = False
            if submission.command_id in replies:
                submission.stored = replies[submission.command_id], resident.version

    async def _fetch(self, resident: Resident, missing: Missing) -> None:
        try:
            if missing.subjects:
                await self._stores.vault.ensure(missing.subjects)
            if missing.parts:
                runtime = resident.runtime
                found = await runtime.kind.fetch(resident.id, missing.parts, runtime.library)
                for key in missing.parts:
                    resident.parts[key] = found.get(key)
            if missing.replies:
                await self._check_replies(resident)
        except Unavailable:
            self._on_failed(resident)
            return
        self._on_fetched(resident)


def restore(resident: Resident, loaded: Loaded, replies: ReplyCache) -> list[Turn]:
    """Build the state from snapshot and turns. Returns the turns whose effects may still be owed."""
    kind = resident.runtime.kind
    if loaded.snapshot is None:
        entity, turn, version, at_ms = kind.create(resident.key), 0, 0, 0
    else:
        snapshot = loaded.snapshot
        entity = kind.restore(resident.key, snapshot.state)
        turn, version, at_ms = snapshot.turn, snapshot.version, snapshot.at_ms
    owed = []
    for stored in loaded.turns:
        for recorded in resident.runtime.codec.bare(stored):
            version = recorded.seq or version
            entity.apply(recorded.event, version, recorded.at_ms)
        turn, at_ms = stored.turn, max(at_ms, stored.at_ms)
        if stored.effects:
            owed.append(stored)
        for command in stored.commands:
            replies.add(command.id, command.reply, version)
    resident.entity, resident.turn, resident.version, resident.at_ms = entity, turn, version, at_ms
    resident.turns_since_snapshot = len(loaded.turns)
    return owed
