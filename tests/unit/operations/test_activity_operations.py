"""What operators do to activities: recorded before it is done, and told though a shard is silent."""

from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from typing_extensions import override

from actors.kernel.caller.shard_client import ShardGone
from actors.kernel.cluster.remote.calls import RemoteShard
from actors.kernel.contract.activities import ActivityRow
from actors.kernel.contract.entity import Principal
from actors.kernel.effects.activities.activity_ids import mark_of, text_of
from common.clock import SystemClock
from common.errors import FailedPrecondition, Unavailable
from serve_app.activities.looking import ActivityShards
from serve_app.capabilities.audit.chain import AuditEntry
from serve_app.capabilities.operations.activities import ActivityOperations
from serve_app.cluster.activities import RemoteActivityShards
from serve_app.cluster.pools import Pools

MARK = mark_of("notifier:usr_1", "mail|1")
ROOT = Principal("root", "admin")
ROW = ActivityRow(
    id=MARK,
    connector="email",
    entity="notifier:usr_1",
    state="waiting",
    attempts=0,
    created_at_ms=0,
    due_ms=None,
    deadline_ms=None,
    code="",
    message="",
)


@dataclass
class Record:
    """An audit record that may be away."""

    away: bool = False
    entries: list[AuditEntry] = field(default_factory=list)

    async def append(self, entry: AuditEntry) -> None:
        if self.away:
            raise Unavailable("The database does not answer.")
        self.entries.append(entry)


@dataclass
class Shards(ActivityShards):
    """All of them at once."""

    row: ActivityRow | None = ROW
    deeds: list[str] = field(default_factory=list)

    @override
    async def activities(self, connector: str | None, after: bytes | None, limit: int) -> list[ActivityRow]:
        return []

    @override
    async def retry_activity(self, mark: bytes) -> ActivityRow | None:
        self.deeds.append("retry")
        return self.row

    @override
    async def drop_activity(self, mark: bytes) -> ActivityRow | None:
        self.deeds.append("drop")
        return self.row


@dataclass
class OneShard:
    """A shard that has the activity, has it not, or does not answer."""

    has: ActivityRow | type[ShardGone] | None

    async def drop_activity(self, _: bytes) -> ActivityRow | None:
        if self.has is ShardGone:
            raise ShardGone("gone")
        return cast(ActivityRow | None, self.has)

    retry_activity = drop_activity

    async def activities(self, *_: Any) -> list[ActivityRow]:
        row = await self.drop_activity(MARK)
        return [] if row is None else [row]


class SomePools(Pools):
    """Shards without Ray."""

    def __init__(self, *shards: ActivityRow | type[ShardGone] | None) -> None:
        self._all = {f"care-{number}": OneShard(has) for number, has in enumerate(shards)}

    @override
    async def entity_shards(self) -> list[str]:
        return list(self._all)

    @override
    def shard(self, name: str) -> RemoteShard:
        return cast(RemoteShard, self._all[name])


def operations(shards: Shards, record: Record) -> ActivityOperations:
    nothing: Any = None
    return ActivityOperations(shards, nothing, nothing, cast(Any, record), SystemClock())


async def test_what_cannot_be_recorded_is_not_done() -> None:
    shards = Shards()
    told = operations(shards, Record(away=True))
    with pytest.raises(Unavailable):
        await told.retry(text_of(MARK), by=ROOT, trace="")
    with pytest.raises(Unavailable):
        await told.drop(text_of(MARK), "Why not.", by=ROOT, trace="")
    assert shards.deeds == []


async def test_what_is_done_is_in_the_record_and_so_is_what_came_too_late() -> None:
    record, shards = Record(), Shards()
    assert await operations(shards, record).retry(text_of(MARK), by=ROOT, trace="req") == ROW
    shards.row = None
    with pytest.raises(FailedPrecondition):
        await operations(shards, record).drop(text_of(MARK), "Why not.", by=ROOT, trace="req")
    seen = [(one.action, one.actor, one.resource, one.why) for one in record.entries]
    assert seen == [
        ("activity.retried", "root", text_of(MARK), ""),
        ("activity.dropped", "root", text_of(MARK), "Why not."),
    ]


async def test_what_one_shard_has_done_is_told_though_another_is_silent() -> None:
    shards = RemoteActivityShards(SomePools(ShardGone, ROW, None))
    assert await shards.drop_activity(MARK) == ROW
    assert await shards.retry_activity(MARK) == ROW


async def test_what_nobody_has_may_be_with_the_silent_one() -> None:
    silent = RemoteActivityShards(SomePools(None, ShardGone))
    for question in (silent.drop_activity(MARK), silent.activities(None, None, 10)):
        with pytest.raises(Unavailable):
            await question
    all_there = RemoteActivityShards(SomePools(None, None))
    assert await all_there.drop_activity(MARK) is None


async def test_a_list_without_the_silent_one_is_no_list() -> None:
    with pytest.raises(Unavailable):
        await RemoteActivityShards(SomePools(ROW, ShardGone)).activities(None, None, 10)
    assert await RemoteActivityShards(SomePools(ROW, None)).activities(None, None, 10) == [ROW]
