"""A search process in a house of `identity_rig`: the real thing but for Ray."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

from prometheus_client import CollectorRegistry

from serve_app.capabilities.search.process.engines import open_engine
from serve_app.capabilities.search.process.process import SearchContext, SearchProcess
from serve_app.cluster.spec import CarewireSpec
from store.mongo.kernel.feed import JournalFeed
from tests.identity_rig import House
from tests.waiting import eventually


@asynccontextmanager
async def searching(home: House, mongo_url: str) -> AsyncIterator[SearchProcess]:
    """With somebody who keeps an index."""
    spec = CarewireSpec(home.settings)

    def feed(of: Iterable[str]) -> JournalFeed:
        return JournalFeed(mongo_url, home.database.name, of)

    context = SearchContext(
        settings=home.settings,
        clock=home.clock,
        region=home.region,
        stores=home.stores,
        database=home.database,
        kinds=[kind for pool in spec.pools for kind in spec.kinds(pool)],
        root=home.context.root,
        registry=CollectorRegistry(),
        feed=feed,
    )
    process = SearchProcess(context, open_engine(home.settings, home.clock))
    await process.start("127.0.0.1", None, None)
    try:
        yield process
    finally:
        await process.stop()


async def search(home: House, bearer: str, **asked: Any) -> Any:
    """A page."""
    named = {name.removesuffix("_"): value for name, value in asked.items()}
    return await home.ok("GET", f"/api/search?{urlencode(named)}", bearer=bearer)


async def found(home: House, bearer: str, **asked: Any) -> list[str]:
    """What hits say: snippets, or titles."""
    page = await search(home, bearer, **asked)
    return [one.get("snippet") or one["title"] for one in page["hits"]]


async def until_found(home: House, bearer: str, *wanted: str, **asked: Any) -> None:
    """Wait until exactly these are found, in any order."""
    seen: list[str] = []

    async def there() -> bool:
        nonlocal seen
        seen = await found(home, bearer, **asked)
        return sorted(seen) == sorted(wanted)

    try:
        await eventually(there, "not found", timeout_s=60.0)
    except AssertionError:
        raise AssertionError(f"{asked}: {seen}, not {list(wanted)}") from None


async def until_titled(home: House, bearer: str, *titles: str, **asked: Any) -> None:
    """Wait until things with exactly these titles are found."""
    seen: list[str] = []

    async def there() -> bool:
        nonlocal seen
        seen = [one["title"] for one in (await search(home, bearer, **asked))["hits"]]
        return sorted(seen) == sorted(titles)

    try:
        await eventually(there, "not found", timeout_s=60.0)
    except AssertionError:
        raise AssertionError(f"{asked}: {seen}, not {list(titles)}") from None


async def over(home: House, deed: str, **asked: Any) -> str:
    """Long work on the index: what became of it."""
    job = (await home.ok("POST", f"/api/operations/search/{deed}", asked, bearer=home.admin()))["job"]
    state = ""

    async def ended() -> bool:
        nonlocal state
        path = f"/api/operations/jobs/{job['job_id']}"
        state = (await home.ok("GET", path, bearer=home.admin()))["job"]["state"]
        return bool(state != "running")

    await eventually(ended, f"{deed} goes on", timeout_s=120.0)
    return state
