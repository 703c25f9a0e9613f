"""Unchanged y-websocket from npm, at the gateway."""

import asyncio
import base64

from actors.kernel.contract.entity import SYSTEM
from tests.clients.y_client import YClient
from tests.gateway_rig import Rig, token
from tests.integration.worksheets.writing.rig import writing_rig
from tests.integration.worksheets.writing.test_joining import Writer
from tests.unit.worksheets.sheet import Change

PLAN = "text:plan"


async def test_y_websocket_and_socketio_write_one_document_and_see_who_is_where() -> None:
    async with writing_rig() as rig, YClient(rig.url(), "asg_1", token("clara")) as clara:
        theo = Writer(await rig.client("theo"), 6000)
        await theo.join()
        await clara.synced()
        await clara.say(op="insert", root=PLAN, at=0, text="Zoë 😀 ")
        await clara.say(op="set", key="mood", value=7)
        await theo.client.until(lambda client: len(client.all("worksheet_saved")) > 0, "nothing is saved")
        assert (await theo.write(PLAN, "Hello "))["ok"]
        await clara.holds(lambda told: "Hello" in told["texts"][PLAN], PLAN)
        async with YClient(rig.url(), "asg_1", token("theo", "therapist")) as other:
            await other.synced()
            told = await other.holds(lambda told: len(told["texts"][PLAN]) == 12, PLAN)
            assert told["answers"] == {"mood": 7}
            assert sorted(told["texts"][PLAN].split()) == ["Hello", "Zoë", "😀"]
            await clara.say(op="where", state={"user": {"id": "theo", "role": "admin"}, "cursor": 3})
            number = str((await clara.tell())["number"])
            seen = await other.holds(lambda told: "cursor" in told["people"].get(number, {}))
            assert seen["people"][number] == {"user": {"id": "clara", "role": "client"}, "cursor": 3}
            await clara.say(op="offline")
            await clara.say(op="insert", root=PLAN, at=0, text="offline ")
            await other.holds(lambda told: number not in told["people"])
            await clara.say(op="online")
            await other.holds(lambda told: "offline" in told["texts"][PLAN], PLAN)


async def closed_with(rig: Rig, name: str, bearer: str) -> int:
    async with YClient(rig.url(), name, bearer) as client:
        return await client.closed()


async def test_close_codes_say_why() -> None:
    async with writing_rig() as rig:
        codes = tuple(
            await asyncio.gather(
                closed_with(rig, "asg_1", "no token"),
                closed_with(rig, "asg_1", token("mallory")),
                closed_with(rig, "no such id!", token("clara")),
                closed_with(rig, "asg_1", token("mod", "moderator")),
            )
        )
        assert codes == (4401, 4404, 4404, 4403)
        async with YClient(rig.url(), "asg_1", token("theo", "therapist")) as theo:
            await theo.synced()
            await theo.say(op="set", key="mood", value=1)
            assert await theo.closed() == 4403
        for bytes_, code in ((b"\x07", 4400), (b"\0\2\x03\1\1\1", 4400), (b"\0" * 40_000, 4413)):
            async with YClient(rig.url(), "asg_1", token("clara")) as clara:
                await clara.synced()
                await clara.say(op="raw", bytes=base64.b64encode(bytes_).decode())
                assert await clara.closed() == code
        async with YClient(rig.url(), "asg_1", token("clara")) as clara:
            await clara.synced()
            await rig.regions[0].submit("assignment:asg_1", Change(status="submitted"), by=SYSTEM)
            assert await clara.closed() == 4409
        assert await closed_with(rig, "asg_1", token("clara")) == 4409


async def test_who_it_is_not_shared_with_any_more_is_out() -> None:
    async with writing_rig() as rig, YClient(rig.url(), "asg_1", token("theo", "therapist")) as theo:
        await theo.synced()
        await rig.regions[0].submit("assignment:asg_1", Change(collaboration=False), by=SYSTEM)
        assert await theo.closed() == 4403
        assert await closed_with(rig, "asg_1", token("theo", "therapist")) == 4403


async def test_a_drain_sends_them_elsewhere_and_they_come_back() -> None:
    async with writing_rig() as rig, YClient(rig.url(), "asg_1", token("clara")) as clara:
        await clara.synced()
        await rig.gateways[0].drain()
        assert await clara.closed() == 4503
