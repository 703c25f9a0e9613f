"""A meeting of two from end to end, through two gateways: seats, signals, kicks, and what is told of it."""

from typing import Any

import pytest

from tests.gateway_rig import Client, token
from tests.identity_rig import House

pytestmark = pytest.mark.asyncio(loop_scope="module")
MESH = {"provider": "auto", "lobby": "off"}


async def a_meeting(home: House, host: str, *people: str, **members: Any) -> Any:
    body = {"people": list(people), "config": MESH} | members
    return (await home.ok("POST", "/api/meetings", body, bearer=token(host, "therapist")))["meeting"]


def heard(client: Client, event: str) -> list[Any]:
    return [said for name, said in client.received if name == event]


async def until(client: Client, event: str, **members: Any) -> Any:
    """It has heard such an event."""

    def fits(said: Any) -> bool:
        return all(said.get(name) == value for name, value in members.items())

    await client.until(lambda one: any(fits(said) for said in heard(one, event)), f"no {event} {members}")
    return next(said for said in heard(client, event) if fits(said))


async def test_two_people_meet_signal_and_part(home: House) -> None:
    meeting = await a_meeting(home, "tess-1", "ada-1")
    one = {"meeting_id": meeting["id"]}
    tess = await home.socket(token("tess-1", "therapist"))
    ada = await home.socket(token("ada-1"), gateway=1)
    first = await tess.ok("join_video_room", one | {"display_name": "Dr. Tess"})
    assert first["state"] == "seated"
    assert first["media"] == {"provider": "mesh", "epoch": 1, "peers": []}
    second = await ada.ok("join_video_room", one | {"display_name": "Ada"})
    (peer,) = second["media"]["peers"]
    assert peer == {"participant_id": first["participant"]["participant_id"], "polite": False}
    told = await until(tess, "meeting_media", reason="peer")
    assert told["media"]["peers"] == [{"participant_id": second["participant"]["participant_id"], "polite": True}]
    joined = await until(tess, "participant_joined")
    assert (joined["participant"]["display_name"], joined["participant"]["user_id"]) == ("Ada", "ada-1")
    for number in range(5):
        signal = one | {"ticket": second["ticket"]["token"], "epoch": 1, "to": peer["participant_id"]}
        await ada.ok("meeting_signal", signal | {"candidate": {"candidate": f"c{number}", "sdpMid": "0"}})
    await tess.until(lambda client: len(heard(client, "meeting_signal")) == 5, "signals are missing")
    signals = heard(tess, "meeting_signal")
    assert [said["candidate"]["candidate"] for said in signals] == [f"c{number}" for number in range(5)]
    assert {said["from"] for said in signals} == {second["participant"]["participant_id"]}
    assert not heard(ada, "meeting_signal")
    for client in (ada, tess):
        await client.ok("report_quality", one | {"rtt_ms": 20})
    await until(ada, "meeting_updated", change="live")
    left = await ada.ok("leave_video_room", one)
    assert left["elapsed_s"] >= 0
    await until(ada, "meeting_left", reason="left")
    await until(tess, "participant_left", reason="left")
    ended = await tess.ok("end_video_room", one)
    assert ended["meeting"]["status"] == "ended"
    assert {stay["user_id"] for stay in ended["evidence"]["presence"]} == {"ada-1", "tess-1"}
    await until(ada, "meeting_updated", change="ended")
    refused = await ada.error("join_video_room", one)
    assert (refused["code"], refused["details"]["reason"]) == ("failed_precondition", "over")


async def test_what_was_missed_is_told_in_order_and_without_a_gap(home: House) -> None:
    meeting = await a_meeting(home, "tess-2", "ada-2")
    one = {"meeting_id": meeting["id"]}
    tess = await home.socket(token("tess-2", "therapist"))
    ada = await home.socket(token("ada-2"))
    await tess.ok("join_video_room", one)
    since = (await ada.ok("join_video_room", one))["seq"]
    for wanted in (False, True, False):
        await ada.ok("set_media", one | {"microphone": wanted})
    late = await home.socket(token("ada-2"), gateway=1)
    watched = await late.ok("watch_meeting", one | {"since": since})
    seqs = [said["payload"]["seq"] for said in watched["events"]]
    assert seqs == list(range(since + 1, watched["seq"] + 1))
    assert [said["payload"]["participant"]["microphone"] for said in watched["events"]] == ["off", "on", "off"]
    whole = await late.ok("watch_meeting", one | {"since": 0})
    assert [said["payload"]["seq"] for said in whole["events"]] == list(range(1, whole["seq"] + 1))


async def test_a_kick_holds_whatever_they_come_with(home: House) -> None:
    meeting = await a_meeting(home, "tess-3", "ada-3")
    one = {"meeting_id": meeting["id"]}
    tess = await home.socket(token("tess-3", "therapist"))
    ada = await home.socket(token("ada-3"))
    host = await tess.ok("join_video_room", one)
    seat = await ada.ok("join_video_room", one | {"device_id": "phone"})
    kicked = one | {"participant_id": seat["participant"]["participant_id"]}
    done = await tess.ok("kick_participant", kicked | {"reason": "loud"})
    assert done["participant"]["state"] == "kicked"
    await until(ada, "meeting_left", reason="kicked")
    assert not heard(ada, "participant_left")
    await until(tess, "meeting_media", reason="kick", epoch=2)
    signal = one | {"ticket": seat["ticket"]["token"], "to": host["participant"]["participant_id"]}
    for epoch in (1, 2):
        refused = await ada.error("meeting_signal", signal | {"epoch": epoch, "candidate": None})
        assert (refused["code"], refused["details"]["reason"]) == ("permission_denied", "kicked")
    for device in ("phone", "other"):
        refused = await ada.error("join_video_room", one | {"device_id": device, "take_over": True})
        assert (refused["code"], refused["details"]["reason"]) == ("permission_denied", "kicked")
        again = await home.refused(
            403, "permission_denied", "POST", f"/api/meetings/{meeting['id']}/join", {}, bearer=token("ada-3")
        )
        assert again["details"]["reason"] == "kicked"
    assert (await ada.error("watch_meeting", one))["code"] == "permission_denied"
    await tess.ok("readmit_participant", kicked)
    assert (await ada.ok("join_video_room", one))["resumed"]
    assert "meeting.kick" in {entry["action"] async for entry in home.database["audit"].find()}


async def test_strangers_learn_nothing_and_the_lobby_keeps_people_waiting(home: House) -> None:
    meeting = await a_meeting(home, "tess-4", "ada-4", config={"lobby": "until_host"})
    path = f"/api/meetings/{meeting['id']}"
    for method, what in (("GET", ""), ("POST", "/join"), ("GET", "/participants"), ("POST", "/end")):
        await home.refused(404, "not_found", method, path + what, bearer=token("eve-4"))
    ada = await home.socket(token("ada-4"))
    tess = await home.socket(token("tess-4", "therapist"))
    one = {"meeting_id": meeting["id"]}
    waiting = await ada.ok("join_video_room", one | {"display_name": "Ada"})
    assert (waiting["state"], waiting["position"]) == ("waiting", 1)
    await tess.ok("join_video_room", one)
    await until(ada, "meeting_admitted")
    assert not heard(ada, "participant_joined"), "who waits hears nothing of the others"
    assert (await ada.ok("join_video_room", one))["state"] == "seated"
    there = (await tess.ok("list_participants", one))["participants"]
    seat = next(each for each in there if each["user_id"] == "ada-4")
    await tess.ok("send_to_lobby", one | {"participant_id": seat["participant_id"]})
    await until(ada, "meeting_left", reason="lobby")
    assert (await ada.ok("join_video_room", one))["state"] == "waiting"
    lobby = await until(tess, "lobby_updated")
    assert [each["display_name"] for each in heard(tess, "lobby_updated")[-1]["waiting"]] == ["Ada"], lobby


async def test_whose_socket_is_gone_is_reconnecting_and_comes_back_to_the_same_seat(home: House) -> None:
    meeting = await a_meeting(home, "tess-5", "ada-5")
    one = {"meeting_id": meeting["id"]}
    tess = await home.socket(token("tess-5", "therapist"))
    ada = await home.socket(token("ada-5"))
    await tess.ok("join_video_room", one)
    seat = await ada.ok("join_video_room", one | {"device_id": "phone"})
    for client in (tess, ada):
        await client.ok("report_quality", one)
    await ada.close()
    told = await until(tess, "participant_updated", change="state")
    await tess.until(
        lambda client: heard(client, "participant_updated")[-1]["participant"]["state"] == "reconnecting",
        "nobody was told",
    )
    again = await home.socket(token("ada-5"), gateway=1)
    back = await again.ok("join_video_room", one | {"device_id": "phone"})
    assert back["resumed"], told
    assert back["participant"]["participant_id"] == seat["participant"]["participant_id"]
