"""Care relationships at the door: pausing and resuming, and what was kept as documents before."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from actors.care.views import CARE
from serve_app.capabilities.identity.care.carrying import COLLECTION, carry_over
from tests.gateway_rig import Client, token
from tests.identity_rig import House

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def established(home: House, client: str, therapist: str) -> str:
    """The address of a relationship that is in force."""
    body = {"client_id": client, "therapist_id": therapist}
    made = await home.ok("POST", "/api/care", body, bearer=home.admin())
    return f"/api/care/{made['care_id']}"


async def hears(client: Client, **members: str | None) -> None:
    """The last that the client was told of care has these members."""

    def told(client: Client) -> bool:
        heard = client.all("care_updated")[-1:]
        return any(all(one.get(name) == value for name, value in members.items()) for one in heard)

    await client.until(told, f"no care_updated {members}")


async def test_its_therapist_pauses_and_resumes_it_and_the_client_hears_it(home: House) -> None:
    path = await established(home, "ann", "tess")
    ann = await home.socket(token("ann"))
    tess = token("tess", "therapist")
    paused = await home.ok("POST", f"{path}/pause", bearer=tess)
    assert paused["state"] == "paused"
    await hears(ann, state="paused")
    assert not await home.service.care.cares("ann", "tess")
    until = "2126-11-20T09:30:00+01:00"
    paused = await home.ok("POST", f"{path}/pause", {"until": until}, bearer=home.admin())
    assert paused["until"] == "2126-11-20T08:30:00.000Z"
    await hears(ann, state="paused", until=paused["until"])
    resumed = await home.ok("POST", f"{path}/resume", bearer=tess)
    assert (resumed["state"], "until" in resumed) == ("active", False)
    await hears(ann, state="active", until=None)
    assert (await home.actions("ann"))[-4:] == ["care.established", "care.paused", "care.paused", "care.resumed"]


async def test_a_socket_does_the_same(home: House) -> None:
    path = await established(home, "ann", "tina")
    care_id = path.rpartition("/")[2]
    tina, ann = await home.socket(token("tina", "therapist")), await home.socket(token("ann"))
    paused = await tina.ok("pause_care", {"care_id": care_id})
    assert paused == await home.ok("POST", f"{path}/pause", bearer=token("tina", "therapist"))
    assert (await ann.error("resume_care", {"care_id": care_id}))["code"] == "permission_denied"
    assert (await tina.error("pause_care", {"care_id": "care_none"}))["code"] == "not_found"
    assert (await tina.ok("resume_care", {"care_id": care_id}))["state"] == "active"
    assert (await home.actions("ann"))[-3:] == ["care.paused", "care.paused", "care.resumed"]


async def test_who_may_not_pause_it_is_told_as_much_as_they_may_know(home: House) -> None:
    path = await established(home, "ann", "tom")
    for action in ("pause", "resume"):
        await home.refused(403, "permission_denied", "POST", f"{path}/{action}", bearer=token("ann"))
        await home.refused(403, "permission_denied", "POST", f"{path}/{action}", bearer=token("mo", "moderator"))
        await home.refused(404, "not_found", "POST", f"{path}/{action}", bearer=token("tess", "therapist"))
        await home.refused(404, "not_found", "POST", f"/api/care/care_none/{action}", bearer=token("tom", "therapist"))


@pytest.mark.parametrize(
    "body", [{"until": "tomorrow"}, {"until": "2020-01-01T00:00:00Z"}, {"until": 5}, {"till": "2126-01-01T00:00:00Z"}]
)
async def test_a_pause_that_makes_no_sense_is_refused_and_changes_nothing(home: House, body: dict[str, Any]) -> None:
    client = f"client{len(str(body))}-{next(iter(body))}"
    path = await established(home, client, "tess")
    await home.refused(400, "invalid_argument", "POST", f"{path}/pause", body, bearer=token("tess", "therapist"))
    assert await home.service.care.cares(client, "tess")


async def documents(home: House) -> AsyncIterator[dict[str, Any]]:
    """As an earlier release kept them."""
    for number in range(1100):  # more than two pages
        state = ("pending", "active", "ended")[number % 3]
        yield {
            "_id": f"care_old{number:04d}",
            "client": f"old{number}",
            "therapist": "otto",
            "state": state,
            "open": state != "ended",
            "by": "otto",
            "since": 1_700_000_000_000 + number,
            "ended_at": 1_700_000_100_000 if state == "ended" else 0,
        }


async def test_what_earlier_releases_kept_is_carried_over_and_is_as_it_was(home: House) -> None:
    old = [one async for one in documents(home)]
    await home.database[COLLECTION].insert_many(old)
    done = await asyncio.gather(*(carry_over(home.database, home.region) for _ in range(2)))  # an API and a gateway
    assert max(done) >= 600
    assert await carry_over(home.database, home.region) == 0
    assert await home.database[COLLECTION].count_documents({}) == 0
    care = home.service.care
    found = await care.of("otto", limit=2000)
    shown = [(one.id, one.client, one.state, one.by, one.since, one.ended_at) for one in found]
    names = ("_id", "client", "state", "by", "since", "ended_at")
    assert shown == [tuple(one[name] for name in names) for one in old]
    assert await care.cares("old1", "otto")
    assert not await care.cares("old0", "otto")
    tutor = token("otto", "therapist")
    for open_one in ("old0", "old1"):
        await home.refused(409, "already_exists", "POST", "/api/care", {"client_id": open_one}, bearer=tutor)
    await home.ok("POST", "/api/care", {"client_id": "old2"}, bearer=tutor)  # that one had ended
    await home.ok("POST", "/api/care/care_old0000/accept", bearer=token("old0"))
    await home.ok("POST", "/api/care/care_old0001/end", bearer=token("old1"))


async def test_one_that_was_carried_over_is_not_set_back_by_a_document_that_turns_up_again(home: House) -> None:
    (old,) = [one async for one in documents(home) if one["_id"] == "care_old0001"]
    again = old | {"_id": "care_again", "client": "again"}
    await home.database[COLLECTION].insert_one(again)
    await carry_over(home.database, home.region)
    await home.ok("POST", "/api/care/care_again/end", bearer=token("again"))
    await home.database[COLLECTION].insert_one(again)
    await carry_over(home.database, home.region)
    assert (await home.service.care.get("care_again")).state == "ended"


async def test_finding_out_who_cares_for_whom_takes_one_look_into_an_index(home: House) -> None:
    await established(home, "ivy", "tess")
    commands = {"find": CARE, "filter": {"f.pair": {"$eq": "ivy\ntess"}, "f.state": {"$eq": "active"}}}
    plan = await home.database.command({"explain": commands, "verbosity": "executionStats"})
    figures = plan["executionStats"]
    assert (figures["totalKeysExamined"], figures["totalDocsExamined"], figures["nReturned"]) == (1, 1, 1)
