"""Who is where in a document: true names, ten times a second, gone with the socket."""

from typing import Any

from actors.worksheets.yjs.awareness import AwarenessState, read_states, states_bytes
from actors.worksheets.yjs.messages import awareness_message, read_message
from config.settings import GatewaySettings, LimitSettings
from tests.gateway_rig import Client
from tests.integration.worksheets.writing.rig import writing_rig
from tests.integration.worksheets.writing.test_joining import Writer
from tests.skipping import skip
from tests.waiting import eventually


def told(client: Client) -> list[AwarenessState]:
    """All that was said, in order."""
    messages = [read_message(one["message"]) for one in client.all("worksheet_sync")]
    return [state for one in messages if one.kind == "awareness" for state in read_states(one.payload)]


async def say(writer: Writer, *states: AwarenessState) -> dict[str, Any]:
    return await writer.send(awareness_message(states_bytes(list(states))))


async def test_nobody_types_in_somebody_elses_name() -> None:
    async with writing_rig() as rig:
        clara, theo = Writer(await rig.client("clara"), 5000), Writer(await rig.client("theo"), 6000)
        await clara.join()
        await theo.join()
        assert (await say(clara, AwarenessState(5000, 1, {"user": {"id": "theo", "role": "admin"}, "at": 1})))["ok"]
        await theo.client.until(lambda client: len(told(client)) == 1, "clara is not seen")
        assert told(theo.client) == [AwarenessState(5000, 1, {"user": {"id": "clara", "role": "client"}, "at": 1})]
        assert (await say(theo, AwarenessState(5000, 2, {"at": 2}), AwarenessState(6000, 1, {"at": 3})))["ok"]
        await clara.client.until(lambda client: len(told(client)) == 2, "theo is not seen")
        assert told(clara.client)[1] == AwarenessState(6000, 1, {"at": 3, "user": {"id": "theo", "role": "client"}})
        late = Writer(await rig.client("clara"), 7000)
        await late.join()
        await late.client.until(lambda client: len(told(client)) == 2, "who comes later sees nobody")
        assert (await say(late, AwarenessState(7000, 1, {"x": "y" * 1100})))["error"]["code"] == "payload_too_large"
        assert (await late.send(b"\1\3abc"))["error"]["code"] == "invalid_argument"
        stranger = await rig.client("clara")
        refused = await Writer(stranger, 1).send(awareness_message(states_bytes([AwarenessState(1, 1, {})])))
        assert refused["error"]["details"] == {"field": "assignment_id"}


async def test_many_words_are_few_and_the_last_counts() -> None:
    async with writing_rig() as rig:
        clara, theo = Writer(await rig.client("clara"), 5000), Writer(await rig.client("theo"), 6000)
        await clara.join()
        await theo.join()
        for clock in range(1, 31):
            await say(clara, AwarenessState(5000, clock, {"at": clock}))
        await theo.client.until(lambda client: told(client)[-1:] != [] and told(client)[-1].clock == 30, "not the last")
        assert len(told(theo.client)) < 25


async def test_whoever_leaves_is_gone_after_five_seconds_unless_they_come_back() -> None:
    async with writing_rig() as rig:
        clara, theo = Writer(await rig.client("clara"), 5000), Writer(await rig.client("theo"), 6000)
        await clara.join()
        await theo.join()
        await say(clara, AwarenessState(5000, 1, {"at": 1}))
        await theo.client.until(lambda client: len(told(client)) == 1, "clara is not seen")
        await clara.client.close()
        back = Writer(await rig.client("clara"), 5000)
        await back.join()
        await say(back, AwarenessState(5000, 2, {"at": 2}))
        await theo.client.until(lambda client: len(told(client)) == 2, "clara is not back")
        skip(6.0)
        await say(back, AwarenessState(5000, 3, {"at": 3}))
        await theo.client.until(lambda client: len(told(client)) == 3, "clara has gone")
        assert [state.state is not None for state in told(theo.client)] == [True, True, True]
        await back.client.ok("leave_worksheet", {"assignment_id": "asg_1"})
        skip(6.0)
        await theo.client.until(lambda client: told(client)[-1].state is None, "clara is still there")


async def test_who_writes_too_fast_is_told_so_and_too_many_sockets_do_not_come_in() -> None:
    async with writing_rig(limits=LimitSettings(), updates_per_s=2.0, max_joined=2) as rig:
        clara = Writer(await rig.client("clara"), 5000)
        await clara.join()
        acks = [await clara.write("text:plan", "x") for _ in range(8)]
        refused = [ack["error"] for ack in acks if not ack["ok"]]
        assert refused[0]["code"] == "rate_limited"
        assert refused[0]["details"] == {"class": "updates"}
        await Writer(await rig.client("clara"), 5001).join()
        full = await (await rig.client("theo")).error("join_worksheet", {"assignment_id": "asg_1"})
        assert full["code"] == "rate_limited"


async def test_sockets_of_all_gateways_count() -> None:
    async with writing_rig(max_joined=3) as rig:
        rig.tree = rig.tree.model_copy(update={"gateway": GatewaySettings(replicas=2)})
        here, there = await rig.gateway(), await rig.gateway()
        gateways = [rig.gateways.index(one) for one in (here, there)]
        for number, gateway in enumerate((*gateways, gateways[0])):
            await Writer(await rig.client("clara", gateway=gateway), 5000 + number).join()
        late = await rig.client("theo", gateway=gateways[1])

        async def full() -> bool:
            answer = await late.call("join_worksheet", {"assignment_id": "asg_1"})
            if answer["ok"]:
                await late.ok("leave_worksheet", {"assignment_id": "asg_1"})
            return not answer["ok"] and answer["error"]["code"] == "rate_limited"

        await eventually(full, "a fourth socket comes in")
