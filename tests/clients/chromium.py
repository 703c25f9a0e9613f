"""A real browser, driven through its DevTools protocol: as much of it as tests of service workers need."""

import asyncio
import itertools
import json
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Final

import aiohttp

from tests.waiting import eventually

BINARY: Final = shutil.which("chromium")
_FLAGS: Final = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--no-first-run",
    "--remote-debugging-port=0",
)
_PATIENCE_S: Final = 60.0


@dataclass
class Session:
    """One target: a page, a worker, or ("") the browser itself."""

    browser: "Chromium"
    id: str = ""

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        """A command of the protocol, and what it answers."""
        return await self.browser.call(method, params, self.id)

    async def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression; a promise is awaited."""
        answer = await self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    async def ready(self, expression: str) -> None:
        """Wait until this is true there; a target that has just begun can say nothing yet."""

        async def so() -> bool:
            try:
                return bool(await self.evaluate(expression))
            except RuntimeError:
                return False

        await eventually(so, f"{expression} is never true")


@dataclass
class Chromium:
    """`async with chromium() as browser:`."""

    socket: aiohttp.ClientWebSocketResponse
    events: list[dict[str, Any]] = field(default_factory=list)
    _numbers: Callable[[], int] = field(default_factory=lambda: itertools.count(1).__next__)
    _waiting: dict[int, asyncio.Future[dict[str, Any]]] = field(default_factory=dict)

    async def call(self, method: str, params: dict[str, Any], session: str) -> dict[str, Any]:
        number = self._numbers()
        self._waiting[number] = answer = asyncio.get_running_loop().create_future()
        message: dict[str, Any] = {"id": number, "method": method, "params": params}
        await self.socket.send_json(message | ({"sessionId": session} if session else {}))
        return await asyncio.wait_for(answer, _PATIENCE_S)

    async def listen(self) -> None:
        async for message in self.socket:
            told = json.loads(message.data)
            if (waiting := self._waiting.pop(told.get("id", 0), None)) is None:
                self.events.append(told)
            elif "error" in told:
                waiting.set_exception(RuntimeError(told["error"]["message"]))
            else:
                waiting.set_result(told["result"])

    async def open(self, url: str) -> Session:
        """A page at this address, loaded."""
        browser = Session(self)
        target = await browser.call("Target.createTarget", url=url)
        page = await self.attach(target["targetId"])

        await page.ready(f"location.href.startsWith({json.dumps(url)}) && document.readyState === 'complete'")
        return page

    async def attach(self, target: str) -> Session:
        answer = await Session(self).call("Target.attachToTarget", targetId=target, flatten=True)
        return Session(self, answer["sessionId"])

    async def worker(self, url: str) -> Session:
        """The service worker of this address."""
        found: list[str] = []

        async def running() -> bool:
            targets = (await Session(self).call("Target.getTargets"))["targetInfos"]
            found.extend(one["targetId"] for one in targets if one["type"] == "service_worker" and one["url"] == url)
            return bool(found)

        await eventually(running, f"no worker of {url} runs")
        worker = await self.attach(found[0])
        await worker.ready("self.registration?.active?.state === 'activated'")
        return worker

    def last(self, method: str, wanted: Callable[[dict[str, Any]], Any]) -> Any:
        """What `wanted` finds in the newest event of this name that it finds something in."""
        told = (wanted(one["params"]) for one in reversed(self.events) if one.get("method") == method)
        return next((one for one in told if one), None)


@asynccontextmanager
async def chromium() -> AsyncIterator[Chromium]:
    """A browser with a profile of its own; it is gone afterwards."""
    assert BINARY is not None
    profile = Path(mkdtemp(prefix="carewire-chromium-"))
    pipe = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        BINARY, *_FLAGS, f"--user-data-dir={profile}", "about:blank", stdout=pipe, stderr=pipe
    )
    port_file = profile / "DevToolsActivePort"

    async def listens() -> bool:
        return port_file.exists() and len(port_file.read_text().split()) == 2

    try:
        await eventually(listens, "Chromium does not listen", timeout_s=_PATIENCE_S)
        port, path = port_file.read_text().split()
        async with aiohttp.ClientSession() as http, http.ws_connect(f"ws://127.0.0.1:{port}{path}") as socket:
            browser = Chromium(socket)
            listening = asyncio.create_task(browser.listen())
            yield browser
            with suppress(RuntimeError, TimeoutError, ConnectionError):
                await Session(browser).call("Browser.close")
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.terminate()
            await asyncio.wait_for(process.wait(), 20)
        shutil.rmtree(profile, ignore_errors=True)
