"""Bad input over a live socket: each gets its error, the socket lives, nothing changes."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.clients.raw_socket import RawSocket
from tests.gateway_rig import Client, Rig, rig, token
from tests.payloads import FRAMES, PAYLOADS, Hostile, Scene


@dataclass
class Stage:
    """The scene, and what its rooms look like to their owner."""

    rig: Rig
    owner: Client
    scene: Scene

    async def rooms(self) -> list[Any]:
        """Everything that an attack could have changed."""
        seen = [await self.owner.ok("list_rooms", {})]
        for room in (self.scene.room, self.scene.foreign):
            joined = await self.owner.ok("join_room", {"room_id": room})
            history = await self.owner.ok("history", {"room_id": room, "limit": 200})
            seen += [joined["room"], joined["members"], joined["read"], history]
        return seen


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with rig() as made:
        await made.gateway(max_invalid_events=10_000)
        owner = await made.client("bob")
        await owner.ok("create_room", {"room_id": "general", "members": ["mallory"]})
        await owner.ok("create_room", {"room_id": "secret"})
        mallory = await made.client("mallory")
        message = await owner.ok("message", {"room_id": "general", "body": "hello"})
        own = await mallory.ok("message", {"room_id": "general", "body": "hello too", "client_id": "used"})
        foreign = await owner.ok("message", {"room_id": "secret", "body": "not for mallory"})
        scene = Scene("general", "secret", message["id"], own["id"], foreign["id"], "mallory", "bob")
        yield Stage(made, owner, scene)


async def test_every_hostile_payload_gets_its_error_and_the_socket_lives_and_nothing_changes(stage: Stage) -> None:
    before = await stage.rooms()
    wrong: list[tuple[str, Any]] = []
    async with RawSocket(stage.rig.url(), {"token": token("mallory")}) as socket:
        for ack_id, hostile in enumerate(PAYLOADS):
            answer = await attacked(socket, hostile, stage.scene, ack_id)
            if answer["ok"] or answer["error"]["code"] != hostile.code:
                wrong.append((hostile.name, answer))
        assert not wrong
        alive = await socket.call(9999, "history", {"room_id": "general", "limit": 1})
        assert alive["data"]["messages"][0]["body"] == "hello too"
        assert not socket.closed
        assert socket.events("error") == []
    assert await stage.rooms() == before


async def attacked(socket: RawSocket, hostile: Hostile, scene: Scene, ack_id: int) -> Any:
    for frame in hostile.frames(scene, ack_id):
        await socket.send(frame)
    return await socket.ack(ack_id)


async def test_frames_that_are_no_events_get_an_error_event_and_the_socket_lives(stage: Stage) -> None:
    before = await stage.rooms()
    async with RawSocket(stage.rig.url(), {"token": token("mallory")}) as socket:
        for number, (name, frame) in enumerate(FRAMES, start=1):
            await socket.send(frame)
            await socket.until(lambda wanted=number: len(socket.events("error")) == wanted, f"no error for {name}")  # type: ignore[misc] # a default binds the loop's value
            assert socket.events("error")[-1]["code"] == "invalid_argument", name
        await socket.send(b"\4stray binary")
        assert (await socket.call(1, "history", {"room_id": "general"}))["ok"]
        assert len(socket.events("error")) == len(FRAMES)
    assert await stage.rooms() == before


async def test_an_event_without_an_ack_that_fails_is_answered_by_an_error_event(stage: Stage) -> None:
    async with RawSocket(stage.rig.url(), {"token": token("mallory")}) as socket:
        await socket.send('42["mark_read",{"room_id":"general","seq":"x"}]')
        await socket.until(lambda: bool(socket.events("error")), "no error event")
        (error,) = socket.events("error")
        assert error["event"] == "mark_read"
        assert error["code"] == "invalid_argument"
        assert error["details"] == {"field": "seq"}
        assert "seq" in error["message"]


async def test_a_reused_client_id_is_the_first_message_again_whatever_it_says_now(stage: Stage) -> None:
    before = await stage.rooms()
    async with RawSocket(stage.rig.url(), {"token": token("mallory")}) as socket:
        again = await socket.call(1, "message", {"room_id": "general", "body": "something else", "client_id": "used"})
        assert again["ok"]
        assert again["data"]["duplicate"] is True
        assert again["data"]["id"] == stage.scene.own
    assert await stage.rooms() == before


async def test_a_payload_just_below_the_limit_is_a_message(stage: Stage) -> None:
    limit = 64 * 1024
    empty = len('{"room_id": "general", "body": ""}')
    async with RawSocket(stage.rig.url(), {"token": token("mallory")}) as socket:
        just = await socket.call(1, "message", {"room_id": "general", "body": "x" * (limit - empty)})
        over = await socket.call(2, "message", {"room_id": "general", "body": "x" * (limit - empty + 1)})
    assert just["ok"], just
    assert over["error"]["code"] == "invalid_argument"
    assert str(limit) in over["error"]["message"]


async def test_a_socket_that_goes_on_with_nonsense_is_closed_with_a_reason() -> None:
    async with rig() as made:
        await made.gateway(max_invalid_events=20)
        async with RawSocket(made.url(), {"token": token("mallory")}) as socket:
            for number in range(20):
                assert (await socket.call(number, "nonsense", {}))["error"]["code"] == "invalid_argument"
            assert not socket.closed
            await socket.send('42["nonsense",{}]')
            await socket.until(lambda: socket.closed, "still open")
            assert socket.events("error")[-1]["code"] == "rate_limited"
            assert socket.frames[-1] == "41"
        assert made.registry.get_sample_value("carewire_gateway_disconnects_total", {"reason": "abuse"}) == 1


async def test_labels_of_metrics_do_not_grow_with_what_clients_make_up(stage: Stage) -> None:
    async with RawSocket(stage.rig.url(), {"token": token("mallory")}) as socket:
        for number in range(50):
            await socket.call(number, f"made_up_{number}", {})
    value = stage.rig.registry.get_sample_value
    assert value("carewire_gateway_events_total", {"event": "unknown", "code": "invalid_argument"}) == 50
    assert value("carewire_gateway_events_total", {"event": "made_up_1", "code": "invalid_argument"}) is None
