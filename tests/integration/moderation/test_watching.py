"""What moderators and administrators do beside cases: reading a room that agreed to it, trying rules, letting go."""

import pytest

from actors.kernel.contract.entity import Principal
from actors.moderation.case.commands import GetCase
from tests.gateway_rig import token
from tests.identity_rig import House
from tests.integration.moderation.rig import MO, a_room, attended, case_of, deed, opened, two_clients
from tests.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")
LONG = 400 * 86_400
REASON = "Three reports about this room today."


async def a_case(home: House, about: str, by: str) -> str:
    """A report, as a case."""
    await home.ok("POST", "/api/reports", {"user_id": about, "reason": "spam"}, bearer=token(by))
    return str((await case_of(home, "report"))["case_id"])


async def test_a_room_that_agreed_is_read_for_a_while_and_its_members_hear_of_it(home: House) -> None:
    await two_clients(home, "cw1", "ann-m", "bob-m")
    ann, bob = await home.socket(token("ann-m", ttl_s=LONG)), await home.socket(token("bob-m", ttl_s=LONG), gateway=1)
    await bob.ok("join_room", {"room_id": "cw1"})
    await ann.ok("message", {"room_id": "cw1", "body": "hello bob"})
    case = await a_case(home, "ann-m", "bob-m")
    path, mo = "/api/rooms/cw1/messages", token("mo", "moderator", LONG)
    await home.refused(403, "permission_denied", "GET", path, bearer=mo)
    asked = {"room_id": "cw1", "case_id": case, "reason": REASON, "minutes": 10}
    reading = await home.ok("POST", "/api/moderation/monitor", asked, bearer=mo)
    assert reading["room_id"] == "cw1"
    seen = await home.ok("GET", path, bearer=mo)
    assert [one["body"] for one in seen["messages"]] == ["hello bob"]
    await home.refused(403, "permission_denied", "GET", path, bearer=token("mia", "moderator", LONG))
    reader = await home.socket(mo)
    assert (await reader.error("message", {"room_id": "cw1", "body": "I am here"}))["code"] == "permission_denied"
    assert bob.all("room_monitored") == []
    home.clock.ahead_ms += 11 * 60_000
    told = await bob.next("room_monitored", 1)
    assert told["room_id"] == "cw1"
    await home.refused(403, "permission_denied", "GET", path, bearer=mo)
    assert "room.monitored" in await home.actions("")


async def test_with_notice_members_hear_at_once_and_other_rooms_are_not_read(home: House) -> None:
    await two_clients(home, "cw2", "amy-m", "ben-m")
    ben = await home.socket(token("ben-m"))
    await ben.ok("join_room", {"room_id": "cw2"})
    await a_room(home, "rw2", "amy-m", "ben-m")
    case = await a_case(home, "amy-m", "ben-m")
    asked = {"room_id": "cw2", "case_id": case, "reason": REASON, "minutes": 1, "notice": True}
    await home.ok("POST", "/api/moderation/monitor", asked, bearer=MO)
    assert (await ben.next("room_monitored", 1))["room_id"] == "cw2"
    other = asked | {"room_id": "rw2"}
    refused = await home.refused(412, "failed_precondition", "POST", "/api/moderation/monitor", other, bearer=MO)
    assert refused["details"]["reason"] == "not_monitored"
    for wrong in ({"minutes": 0}, {"minutes": 61}, {"reason": "too short"}, {"case_id": "case_1"}):
        await home.refused(400, "invalid_argument", "POST", "/api/moderation/monitor", asked | wrong, bearer=MO)
    await home.refused(403, "permission_denied", "POST", "/api/moderation/monitor", asked, bearer=token("amy-m"))


async def test_nobody_reads_a_room_for_a_case_about_themselves(home: House) -> None:
    await two_clients(home, "cw3", "ida-m", "jon-m")
    await home.ok("POST", "/api/reports", {"user_id": "mo", "reason": "other"}, bearer=token("ida-m"))
    case = (await case_of(home, "report", token("mia", "moderator", 86_400)))["case_id"]
    asked = {"room_id": "cw3", "case_id": case, "reason": REASON, "minutes": 1}
    await home.refused(404, "not_found", "POST", "/api/moderation/monitor", asked, bearer=MO)
    reporter = {"user_id": "ida-m", "scope": ["message"], "case_id": case, "text": "For now."}
    await home.refused(404, "not_found", "POST", "/api/moderation/restrictions", reporter, bearer=MO)
    mia = token("mia", "moderator", 86_400)
    act = {"action": "restrict", "scope": ["message"], "until": "2020-01-01T00:00:00Z"}
    await home.refused(400, "invalid_argument", "POST", f"/api/moderation/cases/{case}/act", act, bearer=mia)
    made = await home.ok("POST", "/api/moderation/restrictions", reporter | {"user_id": "mo"}, bearer=mia)
    name = made["restriction"]["restriction_id"]

    async def is_listed() -> bool:
        lifted = await home.call("DELETE", f"/api/moderation/restrictions/{name}", bearer=MO)
        return bool(lifted.status_code == 403)

    await eventually(is_listed, "a moderator lifts what they may not do themselves")
    assert (await home.ok("DELETE", f"/api/moderation/restrictions/{name}", bearer=mia))["restriction"]["lifted"]


async def test_rules_are_tried_on_what_was_held_and_change_nothing(home: House, mongo_url: str) -> None:
    await two_clients(home, "cw4", "cyd-m", "dan-m")
    cyd = await home.socket(token("cyd-m"))
    await cyd.ok("message", {"room_id": "cw4", "body": "hello"})
    held = [
        (await cyd.ok("message", {"room_id": "cw4", "body": body}))["held_id"]
        for body in ("see https://example.org", "my mail is cyd@example.org")
    ]
    async with attended(home, mongo_url):

        async def listed() -> bool:
            found = await home.ok("GET", "/api/moderation/held?state=held", bearer=MO)
            return {one["held_id"] for one in found["held"]} >= set(held)

        await eventually(listed, "moderators do not see it")
    before = await home.ok("GET", "/api/moderation/policy", bearer=home.admin())
    let = {"actions": {"link": {"client_client": "let"}}, "try_only": True}
    tried = (await home.ok("PUT", "/api/moderation/policy", let, bearer=home.admin()))["tried"]
    every = {"try_only": True}
    whole = (await home.ok("PUT", "/api/moderation/policy", every, bearer=home.admin()))["tried"]
    assert whole["would_hold"] == whole["looked_at"] == tried["looked_at"] >= 2
    assert tried["would_hold"] == whole["would_hold"] - 1
    after = await home.ok("GET", "/api/moderation/policy", bearer=home.admin())
    assert after["version"] == before["version"]


async def test_evidence_goes_when_its_time_after_the_case_is_over(home: House) -> None:
    await a_room(home, "rw5", "ann-k", "bob-k")
    bob = await home.socket(token("bob-k"))
    said = await bob.ok("message", {"room_id": "rw5", "body": "you will regret this"})
    path = f"/api/rooms/rw5/messages/{said['id']}/report"
    await home.ok("POST", path, {"reason": "spam"}, bearer=token("ann-k"))
    case = (await case_of(home, "report"))["case_id"]
    assert (await opened(home, case))["evidence"]
    await deed(home, case, "close", outcome="action_taken", text="He was warned.")
    kept_ms = home.settings.moderation.evidence_days * 86_400_000
    mo = Principal("mo", "moderator")
    home.clock.ahead_ms += kept_ms - 60_000
    assert (await home.region.ask(f"case:{case}", GetCase(), by=mo)).evidence
    home.clock.ahead_ms += 120_000

    async def gone() -> bool:
        return not (await home.region.ask(f"case:{case}", GetCase(), by=mo)).evidence

    await eventually(gone, "the evidence stays")


async def test_the_page_of_moderators_holds_nothing_and_asks_nobody_else(home: House) -> None:
    for path, kind in (("/console/moderation", "text/html"), ("/console/moderation.js", "text/javascript")):
        answer = await home.call("GET", path)
        assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, kind)
        assert "connect-src 'self';" in answer.headers["content-security-policy"]
        assert "innerHTML" not in answer.text
