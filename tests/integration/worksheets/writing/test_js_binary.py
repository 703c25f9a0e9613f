"""Binary events with the JavaScript Socket.IO client: both ways, in order with the others, over both transports."""

import base64
from typing import Any

import pytest
from pycrdt import Doc, Text

from actors.worksheets.yjs.messages import read_message, update_message
from tests.clients.js_client import JsClient
from tests.gateway_rig import token
from tests.integration.worksheets.writing.rig import writing_rig
from tests.integration.worksheets.writing.test_joining import Writer


def wrapped(data: bytes) -> dict[str, str]:
    return {"$bytes": base64.b64encode(data).decode()}


def bytes_of(told: dict[str, str]) -> bytes:
    return base64.b64decode(told["$bytes"])


@pytest.mark.parametrize("transport", ["websocket", "polling"])
async def test_the_javascript_client_sends_and_gets_bytes(transport: str) -> None:
    async with (
        writing_rig() as rig,
        JsClient(rig.url(), auth={"token": token("clara")}, transports=[transport]) as clara,
    ):
        theo = Writer(await rig.client("theo"), 6000)
        await theo.join()
        joined = await clara.call("join_worksheet", {"assignment_id": "asg_1", "state_vector": wrapped(b"\0")})
        assert bytes_of(joined["data"]["sync"]) == b"\0\0"
        doc: Doc[Any] = Doc(client_id=5000)
        updates: list[bytes] = []
        heard = doc.observe(lambda event: updates.append(event.update))
        for word in ("one ", "two ", "three "):
            doc.get("text:plan", type=Text).insert(0, word)
        doc.unobserve(heard)
        for number, update in enumerate(updates, 1):
            payload = {"assignment_id": "asg_1", "attempt": 1, "message": wrapped(update_message(update))}
            saved = await clara.call("worksheet_sync", payload)
            assert saved["data"]["seq"] == number
        await theo.client.next("worksheet_sync", 3)
        told = [read_message(one["message"]).payload for one in theo.client.all("worksheet_sync")]
        assert told == updates
        await theo.write("text:plan", "four ")
        await clara.next("worksheet_sync", 4)  # its own are among them
        back = read_message(bytes_of(clara.all("worksheet_sync")[3]["message"]))
        doc.apply_update(back.payload)
        assert "four" in str(doc.get("text:plan", type=Text))
        assert isinstance((await clara.next("worksheet_saved"))["state_vector"], dict)


async def test_bytes_where_none_are_taken_are_refused_and_the_socket_stays() -> None:
    async with writing_rig() as rig, JsClient(rig.url(), auth={"token": token("clara")}) as clara:
        refused = await clara.call("typing_start", {"room_id": wrapped(b"room")})
        assert refused["error"]["code"] == "invalid_argument"
        big = {"assignment_id": "asg_1", "attempt": 1, "message": wrapped(b"\0" * 80_000)}
        assert (await clara.call("worksheet_sync", big))["error"]["code"] == "payload_too_large"
        assert (await clara.call("join_worksheet", {"assignment_id": "asg_1"}))["ok"]
