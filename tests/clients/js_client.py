"""The JavaScript Socket.IO client in a node process, driven from a test (`tests/js/driver.mjs`)."""

from collections.abc import Mapping
from typing import Any

from typing_extensions import override

from tests.clients.node_driver import NodeDriver


class JsClient(NodeDriver):
    """`async with JsClient(url, auth={...}) as client:`; `lines` is everything the driver said, in order."""

    script = "driver.mjs"
    patience_s = 60.0

    def __init__(self, url: str, **options: Any) -> None:
        """`options` of socket.io-client: `auth`, `transports`, `reconnection`, ..."""
        super().__init__()
        self._url = url
        self._options = options
        self._calls = 0

    @property
    @override
    def connecting(self) -> Mapping[str, Any]:
        return {"op": "connect", "url": self._url, "options": self._options}

    async def call(self, event: str, payload: Any) -> Any:
        """Emit and wait for the ack."""
        self._calls += 1
        number = self._calls
        await self.say(op="emit", id=number, event=event, payload=payload)
        return (await self.until(lambda line: line.get("ack") == number, f"no ack of {event}"))["data"]

    async def tell(self, event: str, payload: Any) -> None:
        """Emit without an ack."""
        await self.say(op="tell", event=event, payload=payload)

    async def auth(self, auth: Any) -> None:
        """Use this from the next connect on."""
        await self.say(op="auth", auth=auth)

    def all(self, event: str) -> list[Any]:
        """The payloads of this event so far, in order."""
        return [line["payload"] for line in self.lines if line.get("event") == event]

    def states(self) -> list[str]:
        """connect, disconnect, connect_error: in order."""
        return [line["state"] for line in self.lines if "state" in line]

    async def next(self, event: str, count: int = 1) -> Any:
        """The payload of the `count`-th event of this name."""
        await self.until(lambda _: len(self.all(event)) >= count, f"no {event} number {count}")
        return self.all(event)[count - 1]
