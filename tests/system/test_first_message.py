"""Two people with ordinary clients, one in Python and one in JavaScript, talk through the whole program."""

import pytest

from tests.clients.js_client import JsClient
from tests.system.harness import System


@pytest.mark.parametrize("transports", [["websocket"], ["polling"], ["polling", "websocket"]])
async def test_a_python_and_a_javascript_client_talk(system: System, transports: list[str]) -> None:
    room = f"first-{'-'.join(transports)}"
    auth = {"token": system.token("js")}
    async with system.client("py") as py, JsClient(system.gateway_url, auth=auth, transports=transports) as js:
        session = await js.next("session")
        assert (session["user_id"], session["role"]) == ("js", "client")
        await py.call("create_room", {"room_id": room, "title": "First", "open": True})
        await py.call("join_room", {"room_id": room})
        joined = await js.call("join_room", {"room_id": room})
        assert joined["ok"], joined
        posted = await py.call("message", {"room_id": room, "body": "Hello from Python"})
        answered = await js.call("message", {"room_id": room, "body": "Grüße aus JavaScript", "client_id": "c1"})
        again = await js.call("message", {"room_id": room, "body": "Grüße aus JavaScript", "client_id": "c1"})
        assert (answered["ok"], again["data"]["duplicate"]) == (True, True)
        await js.next("message", 2)
        await py.hears("message", 2)
        for heard in (py.payloads("message"), js.all("message")):
            assert [(m["seq"], m["sender_id"], m["body"]) for m in heard] == [
                (posted["seq"], "py", "Hello from Python"),
                (answered["data"]["seq"], "js", "Grüße aus JavaScript"),
            ]
    async with system.http("js") as http:
        stored = (await http.get(f"/api/rooms/{room}/messages")).json()["messages"]
    assert stored == js.all("message")
