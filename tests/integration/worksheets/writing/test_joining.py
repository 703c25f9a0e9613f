"""Documents over Socket.IO, with python-socketio's client: binary both ways."""

import base64
from typing import Any

from pycrdt import Doc, Map, Text

from actors.worksheets.yjs.messages import read_message, update_message
from tests.gateway_rig import Client
from tests.integration.worksheets.writing.rig import writing_rig


class Writer:
    """A person with a document of their own, over Socket.IO."""

    def __init__(self, client: Client, number: int, assignment: str = "asg_1") -> None:
        self.client = client
        self.assignment = assignment
        self.doc: Doc[Any] = Doc(client_id=number)

    async def join(self, **more: object) -> dict[str, Any]:
        joined: dict[str, Any] = await self.client.ok("join_worksheet", {"assignment_id": self.assignment, **more})
        self.take(joined["sync"])
        return joined

    def take(self, update: bytes | str) -> None:
        self.doc.apply_update(base64.b64decode(update) if isinstance(update, str) else update)

    def update(self, before: bytes) -> bytes:
        return update_message(self.doc.get_update(before))

    async def put(self, key: str, value: object) -> dict[str, Any]:
        before = self.doc.get_state()
        self.doc.get("answers", type=Map)[key] = value
        return await self.send(self.update(before))

    async def write(self, root: str, text: str) -> dict[str, Any]:
        before = self.doc.get_state()
        self.doc.get(root, type=Text).insert(0, text)
        return await self.send(self.update(before))

    async def send(self, message: bytes, attempt: int = 1) -> dict[str, Any]:
        payload = {"assignment_id": self.assignment, "attempt": attempt, "message": message}
        ack: dict[str, Any] = await self.client.call("worksheet_sync", payload)
        return ack

    def catch_up(self) -> None:
        """Take whatever has been heard."""
        for payload in self.client.all("worksheet_sync"):
            message = payload["message"]
            read = read_message(base64.b64decode(message) if isinstance(message, str) else message)
            if read.kind == "update":
                self.doc.apply_update(read.payload)


async def test_two_write_one_document_and_both_hear_what_is_stored() -> None:
    async with writing_rig() as rig:
        clara, theo = Writer(await rig.client("clara"), 5000), Writer(await rig.client("theo"), 6000)
        await clara.join()
        joined = await theo.join(state_vector=theo.doc.get_state())
        assert joined["attempt"] == 1
        assert "plan" in joined["writable"]
        assert "mood" not in joined["writable"]
        saved = await clara.put("mood", 4)
        assert saved["ok"], saved
        assert saved["data"]["seq"] == 1
        await theo.client.next("worksheet_sync")
        assert isinstance(theo.client.all("worksheet_sync")[0]["message"], bytes)
        theo.catch_up()
        assert (await theo.write("text:plan", "héllo 😀 "))["ok"]
        await clara.client.next("worksheet_sync", 2)
        clara.catch_up()
        assert str(clara.doc.get("text:plan", type=Text)) == "héllo 😀 "
        told = await clara.client.next("worksheet_saved")
        assert told["assignment_id"] == "asg_1"
        newcomer = Writer(await rig.client("clara"), 7000)
        assert (await newcomer.join(binary=False))["seq"] == 2
        assert newcomer.doc.get("answers", type=Map).to_py() == {"mood": 4}
        await theo.write("text:plan", "more ")
        assert isinstance((await newcomer.client.next("worksheet_sync"))["message"], str)


async def test_polling_clients_get_the_same() -> None:
    async with writing_rig() as rig:
        clara = Writer(await rig.client("clara", transports=("polling",)), 5000)
        theo = Writer(await rig.client("theo"), 6000)
        await clara.join()
        await theo.join()
        assert (await clara.put("mood", 4))["ok"]
        await theo.client.next("worksheet_sync")
        assert (await theo.write("text:plan", "x"))["ok"]
        await clara.client.next("worksheet_sync", 2)
        assert isinstance(clara.client.all("worksheet_sync")[1]["message"], bytes)


async def test_refusals_leave_document_and_socket_as_they_were() -> None:
    async with writing_rig() as rig:
        clara, theo = Writer(await rig.client("clara"), 5000), Writer(await rig.client("theo"), 6000)
        await clara.join()
        await theo.join()
        assert (await theo.put("mood", 4))["error"] == {
            "code": "permission_denied",
            "message": "This is not yours to change.",
            "details": {"roots": ["answers/mood"]},
        }
        assert (await clara.put("mood", 11))["error"]["code"] == "invalid_argument"
        assert (await clara.send(b"nonsense"))["error"]["code"] == "invalid_argument"
        assert (await clara.send(update_message(b"\0" * 40_000)))["error"]["code"] == "payload_too_large"
        late = await clara.put("mood", 3)  # what was refused is lacking
        assert late["error"]["details"] == {"reason": "gap"}
        mallory = await rig.client("mallory")
        assert (await mallory.error("join_worksheet", {"assignment_id": "asg_1"}))["code"] == "not_found"
        fresh = Writer(await rig.client("clara"), 7000)
        assert (await fresh.join())["seq"] == 0
        assert (await fresh.put("mood", 3))["ok"]
