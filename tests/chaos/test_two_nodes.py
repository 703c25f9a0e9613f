"""A Ray cluster of two nodes: gateways and shards on both, more shards while people talk, and one node killed."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any, Final

import httpx
import pytest

from tests.chaos.scenario import BEFORE, goes_on, paused_less_than, slowness
from tests.chaos.talkers import crowd
from tests.system.cluster import Cluster
from tests.system.harness import Client, carewire, wait_until

pytestmark = pytest.mark.timeout(600)  # the start of a whole cluster, on a machine that may be busy
ARGS: Final = {"gateway": {"replicas": 2, "max_replicas": 3, "drain_s": 2}, "kernel": {"room_shards": 2}}
TRANSPORTS: Final = ("websocket",)
CLUSTER_START_S: Final = 45.0  # within which both nodes start, where the promised pauses hold

CALM_S: Final = 0.25  # between two messages: on a small machine the talk takes the time that new processes need


@pytest.fixture(scope="module")
def cluster(mongo_port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    from tests.mongo import url_of

    cluster = Cluster(tmp_path_factory.mktemp("cluster"), url_of(mongo_port), ARGS)
    try:
        yield cluster.start()
    finally:
        cluster.stop()


@asynccontextmanager
async def at_gateway(cluster: Cluster, user: str, gateway: str) -> AsyncIterator[Client]:
    """A client that has been given this gateway, as the kernel deals them out."""
    for _ in range(40):
        async with cluster.client(user, reconnection=False) as client:
            if client.payloads("session")[0]["gateway"] == gateway:
                yield client
                return
    raise AssertionError(f"{gateway} was never given")


def scale(cluster: Cluster, shards: int) -> str:
    """`carewire scale rooms N`, and what it says."""
    options = ("scale", "rooms", str(shards), "--url", cluster.http_url)
    done = carewire(*options, env=cluster.env, cwd=cluster.data_dir, timeout_s=60.0)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def by_node(rows: list[dict[str, Any]], pids: set[int], kind: str, prefix: str = "") -> tuple[set[str], set[str]]:
    """Names of this kind: on the node of these pids, and elsewhere."""
    named = {row["name"]: row["pid"] for row in rows if row["kind"] == kind and row["name"].startswith(prefix)}
    there = {name for name, pid in named.items() if pid in pids}
    return there, set(named) - there


async def test_a_pool_grows_and_shrinks_while_people_talk(cluster: Cluster) -> None:
    async with crowd(cluster, "scale", TRANSPORTS) as people:
        people.begin()
        for shards in (3, 2):
            await people.flows(BEFORE)
            print(await asyncio.to_thread(scale, cluster, shards))
            rooms = [row["name"] for row in await cluster.status() if row["name"].startswith("rooms-")]
            assert rooms == [f"rooms-{number}" for number in range(shards)]
        await goes_on(people)
        print(f"partitions moved twice: {people.ledger}")
        assert paused_less_than(2.0, people, cluster, CLUSTER_START_S)


async def test_a_node_dies_and_the_other_one_carries_on(cluster: Cluster) -> None:
    dying = cluster.pids("worker")
    rows = await cluster.status()
    for kind, prefix in (("gateway", ""), ("shard", "rooms-")):
        there, elsewhere = by_node(rows, dying, kind, prefix)
        assert min(len(there), len(elsewhere)) > 0, f"not spread over both nodes: {rows}"
    (lost,), (kept,) = by_node(rows, dying, "gateway")
    async with (
        crowd(cluster, "node", TRANSPORTS, patient=True, pause_s=CALM_S) as people,
        at_gateway(cluster, "watcher", kept) as watcher,
        at_gateway(cluster, "ghost", lost),
    ):
        await watcher.call("watch_presence", {"user_ids": ["ghost"]})
        people.begin()
        await people.flows(BEFORE)
        cluster.kill_node("worker")
        died_s = time.monotonic()
        await watcher.hears("user_offline", within_s=20.0 * slowness(cluster, CLUSTER_START_S))
        offline_s = time.monotonic() - died_s

        async def whole() -> bool:
            try:
                now = await cluster.status()
            except (httpx.HTTPError, ValueError):
                return False
            well = {row["name"] for row in now if row["status"] == "ok" and row["pid"] not in dying}
            return {row["name"] for row in rows if row["kind"] == "shard"} <= well

        await wait_until(whole, within_s=60.0, what="every shard on the other node", every_s=0.2)
        await goes_on(people)
        print(f"a node killed: {people.ledger}, its sockets offline after {offline_s:.1f} s")
        assert paused_less_than(10.0, people, cluster, CLUSTER_START_S)
