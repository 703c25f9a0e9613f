"""Meetings through our own unit from end to end: doors, entity, supervisor, worker, real media, and recordings."""

import io
from typing import Any

import av

from serve_app.capabilities.meetings.recordings.manifests import Manifests
from serve_app.capabilities.meetings.workers.registry import MediaRegistry
from tests.gateway_rig import token
from tests.identity_rig import House
from tests.integration.media.clients import Picture, Tone
from tests.integration.media.people import Person, a_meeting, states, video
from tests.waiting import eventually


async def test_they_see_each_other_and_a_mute_and_a_kick_hold_from_the_ack_on(home: House) -> None:
    meeting, tess, ada = await a_meeting(home)
    try:
        await ada.media.sees(video(ada), 5, timeout_s=20)
        await tess.media.sees(video(tess), 5, timeout_s=20)
        await states(tess.socket, "connected")
        slots = (await ada.socket.next("meeting_slots"))["slots"]
        assert {slot["participant_id"] for slot in slots} <= {tess.id, None}
        shown = await home.ok("GET", "/api/operations/media", bearer=home.admin())
        assert [worker["participants"] for worker in shown["workers"]] == [2]
        path = f"/api/meetings/{meeting}/participants/{ada.id}"
        await home.ok("POST", f"{path}/mute", {"source": "camera"}, bearer=token("tess", "therapist"))
        before = tess.media.frames[video(tess)]
        await tess.media.stops_seeing(video(tess))
        assert tess.media.frames[video(tess)] - before < 15
        await home.ok("POST", f"{path}/kick", {}, bearer=token("tess", "therapist"))
        await ada.media.stops_seeing(video(ada))
        again = Person(ada.socket, meeting)
        again.joined = ada.joined
        again.media.send("camera", Picture(100))
        ack = await again.offer()
        assert (ack["ok"], ack["error"]["code"]) == (False, "permission_denied")
        assert ack["error"]["details"]["reason"] == "kicked"
        await again.media.leave()
    finally:
        await tess.media.leave()
        await ada.media.leave()


async def test_a_worker_that_dies_is_followed_by_another_and_the_seats_stay(home: House) -> None:
    meeting, tess, ada = await a_meeting(home)
    again: list[Person] = []
    try:
        await ada.media.sees(video(ada), 3, timeout_s=20)
        registry = MediaRegistry(home.database)
        (record,) = await registry.workers()
        await registry.drain(record.name)
        for one in (tess, ada):
            moved = await one.socket.next("meeting_media")
            assert (moved["reason"], moved["media"]["provider"]) == ("worker_drained", "sfu")
            successor = Person(one.socket, meeting)
            successor.joined = {**one.joined, "ticket": moved["ticket"], "media": moved["media"]}
            successor.media.send("microphone", Tone())
            successor.media.send("camera", Picture(100))
            successor.media.receive()
            again.append(successor)
            assert (await successor.offer())["ok"]
        await again[1].media.sees(video(ada), 3, timeout_s=20)

        async def ended() -> bool:
            return record.name not in [each.name for each in await registry.workers()]

        await eventually(ended, "the drained worker does not end", timeout_s=20)
    finally:
        for one in (tess, ada, *again):
            await one.media.leave()


async def status(person: Person, wanted: str) -> Any:
    await person.socket.until(
        lambda one: any(said["recording"]["status"] == wanted for said in one.all("recording_status")),
        f"no recording is {wanted}",
    )
    return [said for said in person.socket.all("recording_status") if said["recording"]["status"] == wanted][-1]


async def test_what_all_agreed_to_is_recorded_and_read_by_the_host_alone(home: House) -> None:
    meeting, tess, ada = await a_meeting(home)
    host, guest = token("tess", "therapist"), token("ada")
    try:
        await states(tess.socket, "connected")
        await ada.media.sees(video(ada), 3, timeout_s=20)
        made = await home.ok("POST", f"/api/meetings/{meeting}/recordings", {}, bearer=host)
        recording = made["recording"]["id"]
        assert made["recording"]["status"] == "consenting"
        for person in (tess, ada):
            asked = await person.socket.next("recording_consent_requested")
            assert asked["recording_id"] == recording
            answer = {"recording_id": recording, "granted": True, "text_version": asked["text_version"]}
            await person.socket.ok("answer_recording_consent", answer)
        await status(ada, "recording")

        async def enough() -> bool:
            found = await Manifests(home.database).of(recording)
            return len(found) == 4 and all(len(each.segments) > 2 for each in found)

        await eventually(enough, "too little is stored", timeout_s=20)
        stopped = await home.ok("POST", f"/api/meetings/{meeting}/recordings/stop", {}, bearer=host)
        assert stopped["recording"]["status"] in ("stopping", "ready")
        await status(tess, "ready")
        one = (await home.ok("GET", f"/api/recordings/{recording}", bearer=host))["recording"]
        assert (one["integrity"], len(one["tracks"]), one["held"]) == ("verified", 4, False)
        track = one["tracks"][0]
        path = f"/api/recordings/{recording}/tracks/{track['track_id']}/content"
        whole = await home.call("GET", path, bearer=host)
        assert (whole.status_code, len(whole.content)) == (200, track["bytes"])
        part = await home.call("GET", path, bearer=host, Range="bytes=4-9")
        assert (part.status_code, part.content) == (206, whole.content[4:10])
        assert part.headers["content-range"] == f"bytes 4-9/{track['bytes']}"
        assert (await home.call("GET", path, bearer=host, Range=f"bytes={track['bytes']}-")).status_code == 416
        common = await home.call("GET", f"/api/recordings/{recording}/content", bearer=host)
        with av.open(io.BytesIO(common.content), "r") as container:
            assert len(container.streams) == 4
        for stranger in (guest, token("eve"), home.admin()):
            for where in (f"/api/recordings/{recording}", path, f"/api/recordings/{recording}/content"):
                assert (await home.call("GET", where, bearer=stranger)).status_code == 404
        looks = (await home.ok("GET", f"/api/recordings/{recording}/access", bearer=guest))["access"]
        assert [look["action"] for look in looks] == ["read", "read", "read", "stopped", "started"]
        assert (looks[1]["from_byte"], looks[1]["to_byte"]) == (4, 9)
        hold = {"held": True, "reason": "A complaint."}
        await home.ok("POST", f"/api/recordings/{recording}/hold", hold, bearer=home.admin())
        await home.refused(412, "failed_precondition", "DELETE", f"/api/recordings/{recording}", bearer=host)
        await home.ok(
            "POST", f"/api/recordings/{recording}/hold", {"held": False, "reason": "It is over."}, bearer=host
        )
        gone = await home.ok("DELETE", f"/api/recordings/{recording}", bearer=host)
        assert gone["recording"]["status"] == "deleted"
        assert (await home.call("GET", path, bearer=host)).status_code == 404
    finally:
        await tess.media.leave()
        await ada.media.leave()


async def test_one_refusal_and_nothing_was_stored(home: House) -> None:
    meeting, tess, ada = await a_meeting(home)
    try:
        await states(tess.socket, "connected")
        await ada.media.sees(video(ada), 3, timeout_s=20)
        made = await home.ok("POST", f"/api/meetings/{meeting}/recordings", {}, bearer=token("tess", "therapist"))
        recording = made["recording"]["id"]
        version = (await ada.socket.next("recording_consent_requested"))["text_version"]
        answers = ((tess, True), (ada, False))
        for person, granted in answers:
            answer = {"recording_id": recording, "granted": granted, "text_version": version}
            await person.socket.ok("answer_recording_consent", answer)
        await status(ada, "refused")
        assert await Manifests(home.database).of(recording) == []
    finally:
        await tess.media.leave()
        await ada.media.leave()
