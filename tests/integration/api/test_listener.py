"""The REST API's own port: shared with a replica that follows, and closed only after the open requests."""

import asyncio
from typing import Any

import httpx
import pytest

from config.settings import HttpSettings
from serve_app.edge.api.listener import HttpListener
from tests.system.harness import free_ports


class App:
    """Answers with its name, and on /slow only when it is let."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.asked, self.let = asyncio.Event(), asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked.set()
        if scope["path"] == "/slow":
            await self.let.wait()
        headers = [(b"content-type", b"text/plain"), (b"x-peer", scope["client"][0].encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": self.name.encode()})


@pytest.fixture
def settings() -> HttpSettings:
    return HttpSettings(port=free_ports(1)[0])


async def test_one_replica_follows_another_on_the_same_port_and_open_requests_end(settings: HttpSettings) -> None:
    first, second = App("first"), App("second")
    old, new = HttpListener(first, settings), HttpListener(second, settings)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{settings.port}", trust_env=False) as http:
        await old.start()
        open_request = asyncio.create_task(http.get("/slow"))
        await asyncio.wait_for(first.asked.wait(), 5)
        await new.start()
        stopping = asyncio.create_task(old.stop())
        await asyncio.sleep(0)
        first.let.set()
        assert (await open_request).text == "first"
        await asyncio.wait_for(stopping, 10)
        assert not old.serving
        assert (await http.get("/")).text == "second"
        await new.stop()
        with pytest.raises(httpx.ConnectError):
            await http.get("/")


async def test_nobody_is_believed_about_their_address_unless_a_proxy_is_trusted(settings: HttpSettings) -> None:
    listener = HttpListener(App("one"), settings)
    await listener.start()
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{settings.port}", trust_env=False) as http:
        answer = await http.get("/", headers={"X-Forwarded-For": "203.0.113.9"})
    assert answer.headers["x-peer"] == "127.0.0.1"
    await listener.stop()
