"""Read models from the journal, from zero: `carewire rebuild-projections`.

Safe beside a running system: a view replaces an older version only, so whatever a shard writes meanwhile stays.
"""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from actors.kernel.contract.entity import AnyKind, Effects, Event, Recorded
from actors.kernel.history.codec import StoredView, decode_effects
from actors.kernel.history.runtime import KindRuntime
from actors.kernel.history.walking import entity_pages, turn_pages
from store.ports.journal import Turn
from store.ports.stores import Stores
from store.ports.views import View

_VIEWS: Final = 500  # a round trip


@dataclass(slots=True)
class Rebuilt:
    """The figures of a rebuild."""

    entities: int = 0
    events: int = 0
    views: int = 0


async def rebuild(
    stores: Stores, kinds: list[AnyKind], on_progress: Callable[[Rebuilt], None] = lambda done: None
) -> Rebuilt:
    """Write every view that the journal entails. Raises `Unavailable` when the database does not answer."""
    done = Rebuilt()

    def go_on() -> bool:
        on_progress(done)
        return True

    await rebuild_some(stores=stores, kinds=kinds, after="", done=done, go_on=go_on)
    return done


async def rebuild_some(
    stores: Stores,
    kinds: Sequence[AnyKind],
    after: str,
    done: Rebuilt,
    go_on: Callable[[], bool],
    *,
    write: bool = True,
) -> str:
    """Rebuild the views of the entities behind `after` ("": of all), counting into `done`, as long as `go_on` says so
    after each. Where to go on; "": that was all. Without `write`, only count.

    Raises:
        ValueError: `after` is of none of these kinds.
        Unavailable: the database does not answer.
    """
    names = [kind.name for kind in kinds]
    for kind in kinds[names.index(after.partition(":")[0]) if after else 0 :]:
        runtime, prefix = KindRuntime(kind, stores), f"{kind.name}:"
        async for ids in entity_pages(stores.journal, prefix, after=after if after.startswith(prefix) else ""):
            for entity_id in ids:
                views = await _views_of(stores, runtime, entity_id, done)
                for start in range(0, len(views) if write else 0, _VIEWS):
                    await stores.views.write(views[start : start + _VIEWS])
                done.entities += 1
                done.views += len(views)
                if not go_on():
                    return entity_id
    return ""


async def _views_of(stores: Stores, runtime: KindRuntime, entity_id: str, done: Rebuilt) -> list[View]:
    """The last state of every view of one entity."""
    kind = runtime.kind
    touched = Counter[str]()
    async for recorded in _events(stores, runtime, entity_id):
        if (key := kind.part_of(recorded)) is not None:
            touched[key] += 1
    changed = {key for key, times in touched.items() if times > 1}  # the others are as they were created
    parts: dict[str, object] = {}
    latest: dict[tuple[str, str], StoredView] = {}
    async for recorded in _events(stores, runtime, entity_id):
        done.events += 1
        part = None
        if (key := kind.part_of(recorded)) is not None:
            part = kind.fold(parts.get(key), recorded)
            if key in changed:
                parts[key] = part
        effects = kind.effects(entity_id, recorded, part)
        if effects is not None and effects.views:
            await stores.vault.ensure([effects.owner] if effects.owner else [])
            for view in _sealed(runtime, entity_id, recorded, effects):
                latest[view.collection, view.id] = view
    return [
        View(
            collection=one.collection,
            id=one.id,
            version=one.version,
            fields=one.fields,
            data=one.data,
            secret=one.secret,
        )
        for one in latest.values()
    ]


def _sealed(runtime: KindRuntime, entity_id: str, recorded: Recorded[Event], effects: Effects) -> list[StoredView]:
    views = Effects(views=effects.views, owner=effects.owner)  # nobody is told anything a second time
    blob = runtime.codec.encode_effects(entity_id, recorded.seq, views, ())
    return decode_effects(
        Turn(entity=entity_id, turn=recorded.turn, first_seq=0, at_ms=0, partition=0, effects=(blob,))
    ).views


async def _events(stores: Stores, runtime: KindRuntime, entity_id: str) -> AsyncIterator[Recorded[Event]]:
    async for turns in turn_pages(stores.journal, entity_id):
        for recorded in await runtime.codec.opened(entity_id, turns):
            yield recorded
