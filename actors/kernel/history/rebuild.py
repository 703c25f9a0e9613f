"""Read models from the journal, from zero: `carewire rebuild-projections`.

Safe beside a running system: a view replaces an older version only, so whatever a shard writes meanwhile stays.
"""

from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, Final

from actors.kernel.contract.entity import Effects, Kind, Recorded
from actors.kernel.history.codec import StoredView, decode_effects
from actors.kernel.history.runtime import KindRuntime
from actors.kernel.history.walking import entity_pages, turn_pages
from store.ports.journal import Turn
from store.ports.stores import Stores
from store.ports.views import View

_VIEWS: Final = 500  # a round trip


@dataclass(slots=True)
class Rebuilt:
    """What was done."""

    entities: int = 0
    events: int = 0
    views: int = 0


async def rebuild(
    stores: Stores, kinds: list[Kind[Any, Any, Any]], on_progress: Callable[[Rebuilt], None] = lambda done: None
) -> Rebuilt:
    """Write every view that the journal entails. Raises `Unavailable` when the database does not answer."""
    done = Rebuilt()
    for kind in kinds:
        runtime = KindRuntime(kind, stores)
        async for ids in entity_pages(stores.journal, f"{kind.name}:"):
            for entity_id in ids:
                views = await _views_of(stores, runtime, entity_id, done)
                for start in range(0, len(views), _VIEWS):
                    await stores.views.write(views[start : start + _VIEWS])
                done.entities += 1
                done.views += len(views)
                on_progress(done)
    return done


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
    return [View(one.collection, one.id, one.version, one.fields, one.data, one.secret) for one in latest.values()]


def _sealed(runtime: KindRuntime, entity_id: str, recorded: Recorded[Any], effects: Effects) -> list[StoredView]:
    views = Effects(views=effects.views, owner=effects.owner)  # nobody is told anything a second time
    blob = runtime.codec.encode_effects(entity_id, recorded.seq, views, ())
    return decode_effects(Turn(entity_id, recorded.turn, 0, 0, 0, effects=(blob,))).views


async def _events(stores: Stores, runtime: KindRuntime, entity_id: str) -> AsyncIterator[Recorded[Any]]:
    async for turns in turn_pages(stores.journal, entity_id):
        for recorded in await runtime.codec.opened(entity_id, turns):
            yield recorded
