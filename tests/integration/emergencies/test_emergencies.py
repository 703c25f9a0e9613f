"""An emergency from end to end: raised at a door, asked for rung by rung, acknowledged, handed over, ended."""

import asyncio
from typing import Any

import pytest

from tests.activity_rig import a_runner
from tests.gateway_rig import Client, token
from tests.identity_rig import House
from tests.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")
PLACE = {"lat": 52.52, "lon": 13.405, "accuracy_m": 20}


def soon(*people: str, last: float = 60) -> list[dict[str, Any]]:
    """A ladder of one person a rung, each with a second."""
    waits = [1] * (len(people) - 1) + [int(last)]
    return [{"to": {"user_ids": [one]}, "wait_s": wait} for one, wait in zip(people, waits, strict=True)]


async def set_ladder(home: House, rungs: Any, ladder_id: str = "default") -> None:
    await home.ok("PUT", f"/api/emergencies/ladders/{ladder_id}", {"rungs": rungs}, bearer=home.admin())


async def alarm(socket: Client, emergency_id: str) -> Any:
    """The alarm about this emergency, at a socket."""

    def heard(client: Client) -> list[Any]:
        return [one["emergency"] for one in client.all("emergency_alert") if one["emergency"]["id"] == emergency_id]

    await socket.until(lambda client: bool(heard(client)), "no alarm")
    return heard(socket)[-1]


async def cry(home: House, user: str, **members: Any) -> Any:
    raised = await home.ok("POST", "/api/emergencies", {"kind": "other"} | members, bearer=token(user))
    assert "emergency number" in raised["advice"]
    return raised["emergency"]


async def deed(home: House, who: str, role: str, emergency: Any, verb: str, **members: Any) -> Any:
    path = f"/api/emergencies/{emergency['id']}/{verb}"
    return (await home.ok("POST", path, members, bearer=token(who, role)))["emergency"]


async def test_those_who_care_hear_it_at_once_and_the_first_one_has_it(home: House) -> None:
    await set_ladder(home, [{"to": {"care_team": True}, "wait_s": 60}])
    body = {"client_id": "ada-1", "therapist_id": "tess-1"}
    await home.ok("POST", "/api/care", body, bearer=home.admin())
    tess, ada = await home.socket(token("tess-1", "therapist")), await home.socket(token("ada-1"), gateway=1)
    raised = await ada.ok("emergency_alert", {"kind": "self_harm", "message": "I am not safe"})
    emergency = raised["emergency"]
    assert emergency["message"] == "I am not safe"
    heard = await alarm(tess, emergency["id"])
    assert (heard["user_id"], heard["kind"], heard["status"], heard["rung"]) == ("ada-1", "self_harm", "raised", 0)
    assert "message" not in heard
    seen = await tess.ok("get_emergency", {"emergency_id": emergency["id"]})
    assert seen["emergency"]["message"] == "I am not safe"
    acknowledged = await tess.ok("acknowledge_emergency", {"emergency_id": emergency["id"]})
    assert acknowledged["emergency"]["acknowledged_by"] == "tess-1"
    told = await ada.next("emergency_updated", 2)
    assert told["emergency"]["status"] == "acknowledged"
    listed = await home.ok("GET", "/api/emergencies?open=true", bearer=token("tess-1", "therapist"))
    assert [one["id"] for one in listed["emergencies"]] == [emergency["id"]]


async def test_rung_by_rung_until_somebody_comes(home: House) -> None:
    await set_ladder(home, soon("one-2", "two-2", "three-2"))
    sockets = [await home.socket(token(f"{name}-2", "therapist")) for name in ("one", "two", "three")]
    async with a_runner(home):
        emergency = await cry(home, "ada-2")
        for socket in sockets:
            await alarm(socket, emergency["id"])
    assert len(sockets[0].all("emergency_alert")) == 3
    resolved = await deed(home, "three-2", "therapist", emergency, "acknowledge")
    assert [line["what"] for line in resolved["log"]] == ["raised", "asked", "asked", "acknowledged"]
    refused = await home.refused(
        409,
        "conflict",
        "POST",
        f"/api/emergencies/{emergency['id']}/acknowledge",
        {},
        bearer=token("one-2", "therapist"),
    )
    assert refused["details"]["acknowledged_by"] == "three-2"
    over = await deed(home, "three-2", "therapist", emergency, "resolve", note="She is with her mother.")
    assert over["status"] == "resolved"


async def test_a_role_is_that_of_an_account_or_of_the_last_token_that_was_seen(home: House) -> None:
    await set_ladder(home, [{"to": {"role": "moderator"}, "wait_s": 60}])
    with_account = await home.staff("mo-3@example.org", "moderator")
    elsewhere = await home.socket(token("mia-3", "moderator"))
    account = await home.socket(with_account["access_token"])
    await home.sightings.settled()
    emergency = await cry(home, "ada-3")
    await alarm(elsewhere, emergency["id"])
    await alarm(account, emergency["id"])


async def test_without_a_runner_those_are_asked_who_stood_there_when_it_was_raised(home: House) -> None:
    await set_ladder(home, soon("one-4", "two-4"))
    socket = await home.socket(token("two-4", "therapist"))
    emergency = await cry(home, "ada-4")
    await alarm(socket, emergency["id"])


async def test_a_second_cry_joins_the_first_and_after_the_end_another_begins(home: House) -> None:
    await set_ladder(home, soon("one-5"))
    first = await cry(home, "ada-5", kind="other")
    again = await cry(home, "ada-5", kind="medical")
    assert (again["id"], again["kind"]) == (first["id"], "medical")
    await deed(home, "ada-5", "client", first, "cancel")
    other = await cry(home, "ada-5")
    assert other["id"] != first["id"]


async def test_a_repeat_under_the_same_request_id_raises_nothing(home: House) -> None:
    await set_ladder(home, soon("one-6"))
    socket = await home.socket(token("ada-6"))
    first = await socket.ok("emergency_alert", {"kind": "other", "request_id": "r1"})
    assert await socket.ok("emergency_alert", {"kind": "other", "request_id": "r1"}) == first
    assert [line["what"] for line in first["emergency"]["log"]] == ["raised"]


async def test_where_somebody_is_is_recorded_at_each_look_and_taken_only_where_it_is_shared(home: House) -> None:
    await set_ladder(home, soon("one-7"))
    alone = {"kind": "other", "location": PLACE}
    problem = await home.refused(400, "invalid_argument", "POST", "/api/emergencies", alone, bearer=token("ada-7"))
    assert problem["details"]["field"] == "share_location"
    emergency = await cry(home, "ada-7", location=PLACE, share_location=True)
    path = f"/api/emergencies/{emergency['id']}"
    assert emergency["location"] == PLACE  # whoever shared it sees that it was taken
    for looks in (1, 2):
        seen = (await home.ok("GET", path, bearer=token("one-7", "therapist")))["emergency"]
        assert seen["location"] == PLACE
        assert (await home.actions("ada-7")).count("emergency.located") == looks
    assert "location" in (await home.ok("GET", path, bearer=token("ada-7")))["emergency"]
    assert (await home.actions("ada-7")).count("emergency.located") == 2
    await home.refused(404, "not_found", "GET", path, bearer=token("eve", "therapist"))
    administrator = (await home.ok("GET", path, bearer=home.admin()))["emergency"]
    assert "location" not in administrator


async def test_what_is_handed_over_is_asked_of_them_and_of_staff_only(home: House) -> None:
    await set_ladder(home, soon("one-8"))
    emergency = await cry(home, "ada-8")
    await deed(home, "one-8", "therapist", emergency, "acknowledge")
    path = f"/api/emergencies/{emergency['id']}/hand-off"
    bearer = token("one-8", "therapist")
    await home.refused(400, "invalid_argument", "POST", path, {"to": "eve-8"}, bearer=bearer)
    two = await home.socket(token("two-8", "therapist"))
    await home.sightings.settled()
    handed = await home.ok("POST", path, {"to": "two-8"}, bearer=bearer)
    assert handed["emergency"]["status"] == "handed_over"
    await alarm(two, emergency["id"])
    taken = await deed(home, "two-8", "therapist", emergency, "acknowledge")
    assert taken["acknowledged_by"] == "two-8"


async def test_a_therapist_raises_it_for_who_is_in_their_care_only(home: House) -> None:
    await set_ladder(home, soon("one-9"))
    body = {"kind": "medical", "user_id": "ada-9"}
    bearer = token("tess-9", "therapist")
    await home.refused(403, "permission_denied", "POST", "/api/emergencies", body, bearer=bearer)
    await home.ok("POST", "/api/care", {"client_id": "ada-9", "therapist_id": "tess-9"}, bearer=home.admin())
    raised = (await home.ok("POST", "/api/emergencies", body, bearer=bearer))["emergency"]
    assert raised["user_id"] == "ada-9"
    await home.refused(
        403, "permission_denied", "POST", f"/api/emergencies/{raised['id']}/cancel", {}, bearer=token("ada-9")
    )
    assert (await deed(home, "tess-9", "therapist", raised, "cancel"))["status"] == "cancelled"


async def test_whose_therapist_has_a_ladder_climbs_that_one(home: House) -> None:
    await set_ladder(home, soon("one-10"))
    await set_ladder(home, soon("own-10"), "tess-10")
    await home.ok("POST", "/api/care", {"client_id": "ada-10", "therapist_id": "tess-10"}, bearer=home.admin())
    socket = await home.socket(token("own-10", "therapist"))
    await alarm(socket, (await cry(home, "ada-10"))["id"])
    own = await home.ok("GET", "/api/emergencies/ladders/tess-10", bearer=token("tess-10", "therapist"))
    assert own == {"ladder_id": "tess-10", "rungs": soon("own-10")}


@pytest.mark.parametrize(
    "rungs",
    [
        [],
        [{"to": {}, "wait_s": 60}],
        [{"to": {"care_team": True}, "wait_s": 0}],
        [{"to": {"role": "client"}, "wait_s": 60}],
        [{"to": {"user_ids": ["not an id"]}, "wait_s": 60}],
        [{"to": {"care_team": True}, "wait_s": 60}] * 101,
        [{"to": {"care_team": True}, "wait_s": 60, "channels": ["pigeon"]}],
    ],
)
async def test_a_ladder_that_is_none_is_refused_and_changes_nothing(home: House, rungs: Any) -> None:
    await set_ladder(home, soon("one-11"))
    path = "/api/emergencies/ladders/default"
    await home.refused(400, "invalid_argument", "PUT", path, {"rungs": rungs}, bearer=home.admin())
    assert (await home.ok("GET", path, bearer=home.admin()))["rungs"] == soon("one-11")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"kind": "bored"},
        {"kind": "other", "message": ""},
        {"kind": "other", "message": "x" * 4001},
        {"kind": "other", "location": {"lat": 91, "lon": 0}, "share_location": True},
        {"kind": "other", "location": {"lat": 0, "lon": 0, "at": "Mars"}, "share_location": True},
        {"kind": "other", "location": {"lat": 0, "lon": 0, "who": "me"}, "share_location": True},
    ],
)
async def test_a_cry_that_cannot_be_read_is_refused(home: House, body: Any) -> None:
    await home.refused(400, "invalid_argument", "POST", "/api/emergencies", body, bearer=token("ada-12"))
    assert (await home.ok("GET", "/api/emergencies", bearer=token("ada-12")))["emergencies"] == []


async def test_whoever_is_erased_is_helped_no_more_and_whoever_was_to_help_is_replaced(home: House) -> None:
    await set_ladder(home, soon("tom-13"))
    tess, ada = await home.staff("tess-13@example.org", "therapist"), await home.register("ada-13@example.org")
    therapist, person = tess["user"]["user_id"], ada["user"]["user_id"]
    await set_ladder(home, [{"to": {"user_ids": [therapist, "tom-13"]}, "wait_s": 60}])
    raised = await home.ok(
        "POST",
        "/api/emergencies",
        {"kind": "other", "message": "Help", "location": PLACE, "share_location": True},
        bearer=ada["access_token"],
    )
    path = f"/api/emergencies/{raised['emergency']['id']}"
    export = await home.call("GET", "/api/privacy/export", bearer=ada["access_token"])
    assert '"message":"Help"' in export.text.replace(" ", "")
    await home.ok("POST", f"{path}/acknowledge", {}, bearer=tess["access_token"])
    await home.ok("POST", f"/api/privacy/users/{therapist}/erase", bearer=home.admin())
    seen = await home.ok("GET", path, bearer=token("tom-13", "therapist"))
    assert seen["emergency"]["status"] == "raised"
    await home.ok("POST", f"/api/privacy/users/{person}/erase", bearer=home.admin())
    gone = (await home.ok("GET", path, bearer=token("tom-13", "therapist")))["emergency"]
    assert (gone["status"], gone.get("message"), gone.get("location")) == ("cancelled", None, None)


async def test_health_says_that_a_rung_has_nobody(home: House) -> None:
    from serve_app.capabilities.emergencies.capability import EMERGENCIES

    (part,) = EMERGENCIES.health(home.context)
    assert part.name == "notifications"
    await set_ladder(home, [{"to": {"care_team": True}, "wait_s": 60}, {"to": {"role": "moderator"}, "wait_s": 60}])
    found = await part.probe()
    assert (found.status, dict(found.details)) == ("degraded", {"rungs_of_nobody": [1]})
    await home.call("GET", "/api/emergencies", bearer=token("mo-14", "moderator"))

    async def well() -> bool:
        return (await part.probe()).status == "ok"

    await eventually(well, "the rung has nobody although a moderator was seen")


async def test_two_cries_at_once_are_one_emergency(home: House) -> None:
    await set_ladder(home, soon("one-15"))
    found = await asyncio.gather(*(cry(home, "ada-15") for _ in range(10)))
    assert len({one["id"] for one in found}) == 1
