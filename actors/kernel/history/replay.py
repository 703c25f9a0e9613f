"""The past of a topic as deliveries, read back from the journal: for those who come back, or come late."""

from collections.abc import AsyncIterator, Mapping
from typing import Final

import msgspec

from actors.kernel.contract import protocol
from actors.kernel.contract.answers import delivery
from actors.kernel.contract.entity import Event, Recorded
from actors.kernel.history.runtime import KindRuntime
from store.ports.journal import Journal

_LARGEST: Final = 2**53  # beyond any version


async def head_of(journal: Journal, entity_id: str) -> int:
    """The entity's version as the journal has it; 0 when nothing has happened to it."""
    return (await journal.heads([entity_id])).get(entity_id, (0, 0))[0]


async def replayed(
    runtime: KindRuntime, entity_id: str, since: int, *, upto: int, limit: int
) -> AsyncIterator[protocol.TopicDelivery]:
    """The deliveries numbered above `since` up to `upto`, in order, notes among them.

    When there are more than `limit`, those before the newest `limit` are one `gap`. Events that change a part carry
    the part as it is by now: whoever applies them in order ends in the present state all the same.
    """
    start = max(since, upto - limit)
    if start > since:
        shown = runtime.kind.gap(entity_id, since + 1, start)
        packet = b"" if shown is None else delivery(entity_id, start, shown, 0).packet
        yield protocol.TopicDelivery(topic=entity_id, version=start, packet=packet, first=since + 1)
    seen = start
    while seen < upto:
        page = await runtime.library.replay(entity_id, seen, upto=upto)
        numbered = [one for one in page if one.seq]
        if not numbered:
            return
        parts = await _parts_of(runtime, entity_id, page)
        for recorded in page:
            yield _shown_again(runtime=runtime, entity_id=entity_id, recorded=recorded, parts=parts, upto=upto)
        seen = numbered[-1].seq


async def packets(
    runtime: KindRuntime, entity_id: str, since: int, *, upto: int, limit: int, user: str
) -> list[msgspec.Raw]:
    """The same as bare Socket.IO packets, as this user sees them: what an `Attach` answers."""
    return [
        msgspec.Raw(packet)
        async for one in replayed(runtime, entity_id, since, upto=upto, limit=limit)
        if (one.version or one.first) and (packet := one.json_for(user))
    ]


async def _parts_of(runtime: KindRuntime, entity_id: str, page: list[Recorded[Event]]) -> Mapping[str, object]:
    keys = {key for one in page if (key := runtime.kind.part_of(one)) is not None}
    return await runtime.kind.fetch(entity_id, sorted(keys), runtime.library) if keys else {}


def _shown_again(
    runtime: KindRuntime, entity_id: str, recorded: Recorded[Event], parts: Mapping[str, object], upto: int
) -> protocol.TopicDelivery:
    key = runtime.kind.part_of(recorded)
    shown = runtime.kind.show_again(entity_id, recorded, None if key is None else parts.get(key), upto)
    if shown is None:
        return protocol.TopicDelivery(topic=entity_id, version=recorded.seq, packet=b"", at_ms=recorded.at_ms)
    return delivery(entity_id, recorded.seq, shown, recorded.at_ms)
