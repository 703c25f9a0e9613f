"""The examples of python-socketio's server documentation, as they stand there, on its server and on ours."""

# mypy: disable-error-code="untyped-decorator"

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
import socketio
from engineio.async_socket import AsyncSocket
from socketio.exceptions import ConnectionError as NotConnected
from socketio.exceptions import ConnectionRefusedError as Refused

from tests.clients.wire_rig import until
from tests.integration.wire.test_compatibility import Stage, staged

PLACES = [("stock", ["websocket"]), ("ours", ["websocket"]), ("ours", ["polling"]), ("ours", ["polling", "websocket"])]


@pytest.fixture(params=PLACES, ids=lambda place: f"{place[0]}-{'-'.join(place[1])}")
async def stage(request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    kind, transports = request.param
    async with staged(kind, transports, namespaces="*") as made:
        yield made


async def test_event_handlers(stage: Stage) -> None:
    sio = stage.server

    @sio.event
    async def my_event(sid: str, data: Any) -> Any:
        return "my event", data

    @sio.on("my custom event")
    async def another_event(sid: str, data: Any) -> Any:
        return "another", data

    @sio.event
    def plain(sid: str) -> str:
        return sid

    client = await stage.client()
    assert await client.call("my_event", 1) == ("my event", 1)
    assert await client.call("my custom event", {"a": 2}) == ("another", {"a": 2})
    assert await client.call("plain") == stage.sid(client)


async def test_catch_all_handlers_of_events_and_namespaces(stage: Stage) -> None:
    sio = stage.server

    @sio.on("*")
    async def any_event(event: str, sid: str, data: Any) -> Any:
        return [event, data]

    @sio.on("my_event", namespace="*")
    async def my_event_any_namespace(namespace: str, sid: str, data: Any) -> Any:
        return [namespace, data]

    @sio.on("*", namespace="*")
    async def any_event_any_namespace(event: str, namespace: str, sid: str, data: Any) -> Any:
        return [event, namespace, data]

    client = await stage.client()
    assert await client.call("whatever", 1) == ["whatever", 1]
    elsewhere = await stage.client("/elsewhere")
    assert await elsewhere.call("my_event", 2, namespace="/elsewhere") == ["/elsewhere", 2]
    assert await elsewhere.call("whatever", 3, namespace="/elsewhere") == ["whatever", "/elsewhere", 3]


async def test_connect_and_disconnect_handlers(stage: Stage) -> None:
    sio = stage.server

    @sio.event
    async def connect(sid: str, environ: Any, auth: Any) -> bool | None:
        stage.log.append(("connect", sid, environ["REQUEST_METHOD"], auth))
        if auth == "leave":
            return False
        if auth == "refuse":
            raise Refused("authentication failed")
        return None

    @sio.event
    async def disconnect(sid: str, reason: str) -> None:
        stage.log.append(("disconnect", sid, reason))

    client = await stage.client(auth={"token": "x"})
    sid = stage.sid(client)
    for auth in ("leave", "refuse"):
        with pytest.raises(NotConnected):
            await stage.client(auth=auth, wait_s=0.5)
    await client.eio.send("1")
    await until(lambda: ("disconnect", sid, sio.reason.CLIENT_DISCONNECT) in stage.log, "the disconnect")
    assert stage.log[0] == ("connect", sid, "GET", {"token": "x"})
    assert sum(entry[0] == "disconnect" for entry in stage.log) == 1


async def test_emitting_and_callbacks(stage: Stage) -> None:
    sio = stage.server
    client = await stage.client()
    client.on("ask", lambda data: ("yes", data))
    answers: list[Any] = []

    async def callback(*data: Any) -> None:
        answers.append(data)

    await sio.emit("ask", 1, to=stage.sid(client), callback=callback)
    await until(lambda: answers == [("yes", 1)], "the callback")
    assert await sio.call("ask", 2, to=stage.sid(client)) == ("yes", 2)
    await sio.emit("several", ("a", "b"))
    await client.hears("several", "a", "b")
    await sio.send({"b": 1})
    await client.hears("message", {"b": 1})
    never = asyncio.Event()
    client.on("late", never.wait)
    with pytest.raises(socketio.exceptions.TimeoutError):
        await sio.call("late", to=stage.sid(client), timeout=0.1)


async def test_rooms(stage: Stage) -> None:
    sio = stage.server

    @sio.event
    async def begin_chat(sid: str) -> None:
        await sio.enter_room(sid, "chat_users")

    @sio.event
    async def exit_chat(sid: str) -> None:
        await sio.leave_room(sid, "chat_users")

    @sio.event
    async def my_message(sid: str, data: Any) -> None:
        await sio.emit("my reply", data, room="chat_users", skip_sid=sid)

    first, second, third = [await stage.client() for _ in range(3)]
    for client in (first, second):
        await client.call("begin_chat")
    assert "chat_users" in sio.rooms(stage.sid(first))
    await first.call("my_message", "hello")
    await second.hears("my reply", "hello")
    await second.call("exit_chat")
    await second.call("my_message", "again")
    await first.hears("my reply", "again")
    await sio.close_room("chat_users")
    await sio.emit("my reply", "nobody", room="chat_users")
    await sio.emit("last")
    await first.hears("last")
    assert [event for event in first.heard if event[0] == "my reply"] == [("my reply", "again")]
    assert [event for event in second.heard if event[0] == "my reply"] == [("my reply", "hello")]
    await third.hears("last")
    assert len(third.heard) == 1


async def test_sessions(stage: Stage) -> None:
    sio = stage.server

    @sio.event
    async def connect(sid: str, environ: Any) -> None:
        await sio.save_session(sid, {"username": "ann"})

    @sio.event
    async def message(sid: str, data: Any) -> Any:
        session = await sio.get_session(sid)
        return session["username"], session.get("count")

    @sio.event
    async def count(sid: str) -> None:
        async with sio.session(sid) as session:
            session["count"] = session.get("count", 0) + 1

    client = await stage.client()
    assert await client.call("message", "hi") == ("ann", None)
    await client.call("count")
    await client.call("count")
    assert await client.call("message", "hi") == ("ann", 2)


async def test_class_based_namespaces(stage: Stage) -> None:
    class MyCustomNamespace(socketio.AsyncNamespace):  # type: ignore[misc] # python-socketio has no types
        def on_connect(self, sid: str, environ: Any) -> None:
            stage.log.append("connect")

        def on_disconnect(self, sid: str, reason: str) -> None:
            stage.log.append(reason)

        async def on_my_event(self, sid: str, data: Any) -> str:
            async with self.session(sid) as session:
                session["said"] = data
            await self.enter_room(sid, "room")
            await self.emit("my_response", (await self.get_session(sid))["said"], room="room")
            return "done"

    class EveryNamespace(socketio.AsyncNamespace):  # type: ignore[misc] # python-socketio has no types
        async def on_my_event(self, namespace: str, sid: str, data: Any) -> list[Any]:
            return [namespace, data]

    stage.server.register_namespace(MyCustomNamespace("/test"))
    stage.server.register_namespace(EveryNamespace("*"))
    client = await stage.client("/test")
    assert await client.call("my_event", "hello", namespace="/test") == "done"
    await client.hears("my_response", "hello")
    other = await stage.client("/other")
    assert await other.call("my_event", 1, namespace="/other") == ["/other", 1]
    await stage.server.disconnect(stage.sid(client, "/test"), namespace="/test")
    await until(lambda: stage.log == ["connect", "server disconnect"], "the disconnect")


async def test_background_tasks_and_what_is_known_of_a_client(stage: Stage) -> None:
    sio = stage.server

    async def my_background_task(sid: str) -> None:
        await sio.sleep(0)
        await sio.emit("done", to=sid)

    client = await stage.client()
    task = sio.start_background_task(my_background_task, stage.sid(client))
    await client.hears("done")
    await task
    assert sio.transport(stage.sid(client)) in ("polling", "websocket")
    assert sio.get_environ(stage.sid(client))["PATH_INFO"] == "/socket.io/"


async def test_who_goes_away_without_a_word(stage: Stage) -> None:
    reasons = stage.server.reason
    client = await stage.client()
    if stage.transports == ["polling"]:
        await stage.server.eio.disconnect(stage.server.manager.eio_sid_from_sid(stage.sid(client), "/"))
        expected = [reasons.SERVER_DISCONNECT]
    else:
        client.eio.ws._response.connection.transport.abort()
        expected = [reasons.TRANSPORT_CLOSE, reasons.TRANSPORT_ERROR]
    await until(lambda: bool(stage.log), "the disconnect")
    assert stage.log[0] in expected


@pytest.mark.parametrize("kind", ["stock", "ours"])
async def test_the_admin_interface_sees_what_happens(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("handle_post_request", "_websocket_handler", "_send_ping"):  # instrumenting replaces them for good
        monkeypatch.setattr(AsyncSocket, name, getattr(AsyncSocket, name))
    async with staged(kind, ["websocket"], cors_allowed_origins=[]) as stage:
        admin = stage.server.instrument(auth={"username": "admin", "password": "secret"}, server_stats_interval=1)
        try:
            stage.server.on("echo", lambda sid, data: data)
            with pytest.raises(NotConnected):
                await stage.client("/admin", {"username": "admin", "password": "guess"}, wait_s=0.5)
            panel = await stage.client("/admin", {"username": "admin", "password": "secret"})
            client = await stage.client()
            assert await client.call("echo", "hello") == "hello"

            def seen(name: str) -> bool:
                return any(event[0] == name for event in panel.heard)

            for name in ("socket_connected", "event_received", "server_stats"):
                await until(lambda name=name: seen(name), f"no {name} in {[event[0] for event in panel.heard]}")  # type: ignore[misc]
        finally:
            with contextlib.suppress(asyncio.CancelledError):
                await admin.shutdown()
