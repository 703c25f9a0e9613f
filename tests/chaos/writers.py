"""Two who write one worksheet while things die: she with unchanged y-websocket, he over Socket.IO."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import count, takewhile
from typing import Any, Final

import httpx
import socketio
from pycrdt import Doc, Text

from actors.worksheets.yjs.messages import read_message, update_message
from tests.clients.y_client import YClient
from tests.system.harness import System, wait_until

PATIENCE_S: Final = 120.0  # whatever the machine is busy with
ROOT: Final = "text:plan"
SCHEMA: Final = {"fields": [{"id": "plan", "type": "long_text", "label": "Plan", "filled_by": "both"}]}


class Desk:
    """Over Socket.IO: joins whenever it is connected, and sends each edit again until it is stored."""

    def __init__(self, system: System, user: str, assignment: str, number: int) -> None:
        self._system, self._user, self._assignment = system, user, assignment
        self.doc: Doc[Any] = Doc(client_id=number)
        self.acked: list[str] = []
        self._joined = asyncio.Event()
        self._sio = socketio.AsyncClient(reconnection_delay=0.1, reconnection_delay_max=0.5, request_timeout=2)
        self._sio.on("session", self._join)
        self._sio.on("worksheet_gap", self._join)
        self._sio.on("worksheet_sync", self._heard)
        self._sio.on("disconnect", lambda *_: self._joined.clear())

    async def arrive(self) -> None:
        """Connect."""
        hello = {"token": self._system.token(self._user, "therapist")}
        await self._sio.connect(self._system.gateway_url, auth=hello, transports=["websocket"], wait_timeout=60)
        await asyncio.wait_for(self._joined.wait(), PATIENCE_S)

    async def leave(self) -> None:
        """Disconnect."""
        await self._sio.shutdown()

    async def type(self, text: str) -> None:
        """Type it in front of all, and wait until it is stored."""
        before = self.doc.get_state()
        self.doc.get(ROOT, type=Text).insert(0, text)
        message = update_message(self.doc.get_update(before))

        async def stored() -> bool:
            if not self._joined.is_set():
                return False
            ack = await self._asked("worksheet_sync", {"attempt": 1, "message": message})
            return ack is not None and bool(ack["ok"])

        await wait_until(stored, within_s=PATIENCE_S, what=f"{text!r} is stored", every_s=0.1)
        self.acked.append(text)

    async def _join(self, *_: object) -> None:
        async def over() -> bool:
            """Whether it is in, or the connection has gone and the next one will ask."""
            joined = await self._asked("join_worksheet", {"state_vector": self.doc.get_state()})
            if joined is not None and joined["ok"]:
                self.doc.apply_update(joined["data"]["sync"])
                self._joined.set()
                return True
            return not self._sio.connected

        await wait_until(over, within_s=PATIENCE_S, what=f"{self._user} is in the worksheet", every_s=0.2)

    async def _heard(self, payload: dict[str, Any]) -> None:
        message = read_message(payload["message"])
        if message.kind == "update":
            self.doc.apply_update(message.payload)

    async def _asked(self, event: str, members: dict[str, Any]) -> dict[str, Any] | None:
        """The ack; None: the connection has gone."""
        with contextlib.suppress(socketio.exceptions.SocketIOError, socketio.exceptions.BadNamespaceError):
            ack: dict[str, Any] = await self._sio.call(event, {"assignment_id": self._assignment, **members}, timeout=5)
            return ack
        return None


class Pair:
    """The two of one worksheet, and all that they typed."""

    def __init__(self, system: System, assignment: str, token: str, ada: YClient, tess: Desk) -> None:
        self._system, self._assignment, self._token = system, assignment, token
        self.ada, self.tess = ada, tess
        self.typed: list[str] = []
        self.over = False

    async def write(self, every_s: float) -> None:
        """Both type until it is `over`; what was begun is stored in the end."""
        async with asyncio.TaskGroup() as hands:
            hands.create_task(self._ada(every_s))
            hands.create_task(self._tess(every_s))

    async def _ada(self, every_s: float) -> None:
        for number in self._numbers():
            text = f"ada{number};"
            self.typed.append(text)
            await self.ada.say(op="insert", root=ROOT, at=0, text=text)
            await asyncio.sleep(every_s)

    async def _tess(self, every_s: float) -> None:
        for number in self._numbers():
            await self.tess.type(f"tess{number};")
            await asyncio.sleep(every_s)

    def _numbers(self) -> Iterator[int]:
        return takewhile(lambda _: not self.over, count())

    async def equal(self) -> str:
        """Wait until both, and somebody who starts from nothing, hold the same: all that she typed and all that he was
        told is stored, each once. What that is."""
        async with YClient(self._system.gateway_url, self._assignment, self._token) as fresh:

            async def texts() -> list[str]:
                told = [(await one.tell(ROOT))["texts"][ROOT] for one in (self.ada, fresh)]
                return [*told, str(self.tess.doc.get(ROOT, type=Text))]

            async def same() -> str | None:
                found = await texts()
                pieces = found[0].split(";")
                whole = {*self.typed, *self.tess.acked} <= {f"{one};" for one in pieces}
                return found[0] if len(set(found)) == 1 and whole else None

            text: str = await wait_until(same, within_s=PATIENCE_S, what="the same text everywhere", every_s=0.3)
        pieces = text.split(";")[:-1]
        assert len(set(pieces)) == len(pieces), "something is there twice"
        return text


@asynccontextmanager
async def writers(system: System, name: str) -> AsyncIterator[Pair]:
    """A worksheet of two in care, and both of them in it."""
    ada, tess = f"ada-{name}", f"tess-{name}"
    async with system.http("root", "admin") as root, system.http(tess, "therapist") as http:
        await _ok(root, "/api/care", {"client_id": ada, "therapist_id": tess})
        made = await _ok(http, "/api/worksheets", {"title": "Plan", "schema": SCHEMA})
        await _ok(http, f"/api/worksheets/{made['worksheet_id']}/publish", {})
        given = await _ok(http, "/api/assignments", {"worksheet_id": made["worksheet_id"], "client_id": ada})
    assignment = given["assignment_id"]
    token = system.token(ada)
    desk = Desk(system, tess, assignment, 6000)
    async with YClient(system.gateway_url, assignment, token) as client:
        await client.synced()
        try:
            await desk.arrive()
            yield Pair(system, assignment, token, client, desk)
        finally:
            await desk.leave()


async def _ok(http: httpx.AsyncClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
    http.timeout = httpx.Timeout(60.0)
    response = await http.post(path, json=body)
    assert response.is_success, response.text
    found: dict[str, Any] = response.json()
    return found
