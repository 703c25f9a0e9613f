"""A real Chromium, driven over its own protocol (CDP): pages are opened, and expressions evaluated in them."""

import asyncio
import itertools
import re
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp

EXECUTABLE: Final = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_ARGUMENTS: Final = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--no-first-run",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--allow-loopback-in-peer-connection",
    "--autoplay-policy=no-user-gesture-required",
    "--remote-debugging-port=0",
)


class PageError(AssertionError):
    """What was evaluated in a page threw."""


class Page:
    """One tab."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._ids = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._events: dict[str, asyncio.Future[None]] = {}
        self._reader = asyncio.ensure_future(self._read())

    async def _read(self) -> None:
        async for message in self._socket:
            answer = message.json()
            if (event := self._events.pop(answer.get("method", ""), None)) is not None:
                event.set_result(None)
            if (future := self._answers.pop(answer.get("id", 0), None)) is not None and not future.done():
                future.set_result(answer)

    def event(self, name: str) -> asyncio.Future[None]:
        """Is done once the page tells of `name`."""
        return self._events.setdefault(name, asyncio.get_running_loop().create_future())

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """A command of the protocol, and its result."""
        number = next(self._ids)
        self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        async with asyncio.timeout(30):
            answer = await self._answers[number]
        if "error" in answer:
            raise PageError(f"{method}: {answer['error']}")
        result: dict[str, Any] = answer["result"]
        return result

    async def run(self, expression: str) -> Any:
        """What `expression` comes to, promises awaited."""
        result = await self.call(
            "Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True, userGesture=True
        )
        if (problem := result.get("exceptionDetails")) is not None:
            raise PageError(problem.get("exception", {}).get("description") or problem["text"])
        return result["result"].get("value")

    async def close(self) -> None:
        """Close the tab's connection; the browser ends with the test."""
        await self._socket.close()
        await self._reader


class Browser:
    """A running Chromium."""

    def __init__(self, session: aiohttp.ClientSession, port: int) -> None:
        self._session = session
        self._address = f"http://127.0.0.1:{port}"
        self._pages: list[Page] = []

    async def page(self, url: str) -> Page:
        """A new window, once `url` is loaded: of the tabs of one window all but one are hidden, and a browser does as
        little as it can for those."""
        place = f"{self._address}/devtools/page/{await self._window()}"
        page = Page(await self._session.ws_connect(place, max_msg_size=0))
        self._pages.append(page)
        await page.call("Page.enable")
        loaded = page.event("Page.loadEventFired")
        await page.call("Page.navigate", url=url)
        async with asyncio.timeout(20):
            await loaded
        return page

    async def _window(self) -> str:
        async with self._session.get(f"{self._address}/json/version") as response:
            whole = (await response.json())["webSocketDebuggerUrl"]
        async with self._session.ws_connect(whole) as socket:
            asked = {"url": "about:blank", "newWindow": True}
            await socket.send_json({"id": 1, "method": "Target.createTarget", "params": asked})
            answer = await socket.receive_json(timeout=30)
        made: str = answer["result"]["targetId"]
        return made

    async def close(self) -> None:
        """Close every tab."""
        for page in self._pages:
            await page.close()


@asynccontextmanager
async def a_browser() -> AsyncIterator[Browser]:
    """A Chromium with a camera and a microphone that it makes up, and nothing kept from before."""
    assert EXECUTABLE is not None
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = await asyncio.create_subprocess_exec(
            EXECUTABLE,
            *_ARGUMENTS,
            f"--user-data-dir={profile}",
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            port = await _port_of(process, Path(profile))
            drain = asyncio.ensure_future(_drained(process))
            async with aiohttp.ClientSession() as session:
                browser = Browser(session, port)
                try:
                    yield browser
                finally:
                    await browser.close()
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()
        await drain


async def _port_of(process: asyncio.subprocess.Process, profile: Path) -> int:
    assert process.stderr is not None
    async with asyncio.timeout(30):
        while line := await process.stderr.readline():
            if (match := re.search(rb"DevTools listening on ws://127\.0\.0\.1:(\d+)/", line)) is not None:
                return int(match[1])
    raise AssertionError(f"the browser did not start with {profile}")


async def _drained(process: asyncio.subprocess.Process) -> None:
    assert process.stderr is not None
    while await process.stderr.read(65536):
        pass
