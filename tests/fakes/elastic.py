"""An Elasticsearch that is asked for its faults: it answers as the real one does when it is busy, refuses an item,
breaks off, or is something else. It finds nothing; what is found is for a real server to show."""

import asyncio
import json
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import web

_PRODUCT: Final = {"X-Elastic-Product": "Elasticsearch"}
_TYPE: Final = "application/vnd.elasticsearch+json"
DONE: Final = {"_shards": {"total": 1, "successful": 1, "failed": 0}}
HIT: Final = {"_id": "messages:m1", "_version": 3, "_score": 1.5, "fields": {"at": [7]}, "sort": [7, "messages:m1"]}


@dataclass(frozen=True)
class Fault:
    """One wrong answer. `status` with `body`; `items`: statuses of a bulk's; `cut`: nothing, then the connection ends;
    `half`: an answer that breaks off; `product`: who says so; `late_s`: after so long."""

    status: int = 200
    body: Any = None
    items: tuple[int, ...] = ()
    cut: bool = False
    half: bool = False
    product: str = "Elasticsearch"
    late_s: float = 0.0


def error(status: int, kind: str) -> Fault:
    """An error as it words them."""
    return Fault(status, {"error": {"type": kind, "reason": kind, "root_cause": []}, "status": status})


@dataclass
class FakeElasticsearch:
    """Listens on a port of its own choice. `faults` befall the next requests, one each; `heard`: what it was sent."""

    version: str = "9.2.0"
    faults: deque[Fault] = field(default_factory=deque)
    heard: list[tuple[str, str, bytes]] = field(default_factory=list)
    hits: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""
    _runner: web.AppRunner | None = None

    async def start(self) -> None:
        app = web.Application(client_max_size=1 << 30)
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    def bodies(self, path: str) -> list[Any]:
        """What was sent to a path, each line of it."""
        return [[json.loads(line) for line in body.splitlines()] for _, asked, body in self.heard if asked == path]

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.heard.append((request.method, request.path, body))
        fault = self.faults.popleft() if self.faults else Fault()
        await asyncio.sleep(fault.late_s)
        if fault.cut and request.transport is not None:
            request.transport.close()
        text = json.dumps(self._body(request, body, fault) if fault.body is None else fault.body).encode()
        if fault.half:
            text = text[: len(text) // 2]
        headers = {"X-Elastic-Product": fault.product} if fault.product else {}
        return web.Response(status=fault.status, body=text, content_type=_TYPE, headers=headers)

    def _body(self, request: web.Request, body: bytes, fault: Fault) -> Any:
        path = request.path
        if path == "/":
            return {"version": {"number": self.version}, "tagline": "You Know, for Search"}
        if path.endswith("/_bulk"):
            return {"errors": bool(fault.items), "items": list(_items(body, fault.items))}
        if path.endswith("/_search"):
            return DONE | {"timed_out": False, "hits": {"hits": self.hits}}
        if path.endswith("/_pit"):
            return {"id": "point", "succeeded": True}
        return {"acknowledged": True}


def _items(body: bytes, statuses: tuple[int, ...]) -> Iterator[dict[str, Any]]:
    operations = [line for line in map(json.loads, body.splitlines()) if set(line) & {"index", "delete"}]
    for place, operation in enumerate(operations):
        status = statuses[place] if place < len(statuses) else 201
        yield {next(iter(operation)): {"_id": "x", "status": status}}
