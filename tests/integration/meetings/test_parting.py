"""Whoever may be in no meeting is put out of what runs, on real sockets, and does not come back while it holds."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from serve_app.capabilities.identity.accounts.roles import Roles
from serve_app.capabilities.meetings.service import Meetings
from serve_app.capabilities.moderation.connectors import DutyConnector
from serve_app.capabilities.moderation.partings import Partings
from tests.activity_rig import a_runner
from tests.gateway_rig import Client, token
from tests.identity_rig import House
from tests.integration.meetings.test_mesh import a_meeting, heard, until
from tests.integration.moderation.rig import MO, case_of
from tests.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")


@asynccontextmanager
async def on_duty(home: House) -> AsyncIterator[None]:
    """With somebody who does what shields owe."""
    roles = Roles(home.database, home.clock)
    partings = Partings(home.region, home.stores.views)
    duty = DutyConnector(home.region, roles, home.stores.vault, partings, home.clock, notifies=False)
    async with a_runner(home, [duty]):
        yield


async def seated(home: House, host: str, guest: str) -> tuple[dict[str, Any], Client, Client, Any]:
    """A meeting with both of them in it: what names it, their sockets, and the guest's seat."""
    meeting = await a_meeting(home, host, guest)
    one = {"meeting_id": meeting["id"]}
    tess, ada = await home.socket(token(host, "therapist")), await home.socket(token(guest), gateway=1)
    await tess.ok("join_video_room", one)
    seat = await ada.ok("join_video_room", one)
    await until(tess, "meeting_media", reason="peer")
    return one, tess, ada, seat


async def restricted(home: House, user: str) -> str:
    """They may not call for now. The restriction."""
    await home.ok("POST", "/api/reports", {"user_id": user, "reason": "threat"}, bearer=token("amy-p"))
    case = await case_of(home, "report")
    asked = {"user_id": user, "scope": ["call"], "case_id": case["case_id"], "text": "For now."}
    made = (await home.ok("POST", "/api/moderation/restrictions", asked, bearer=MO))["restriction"]
    return str(made["restriction_id"])


async def reason_of(client: Client, one: dict[str, Any]) -> Any:
    return (await client.error("join_video_room", one | {"take_over": True}))["details"]["reason"]


async def test_a_restriction_puts_them_out_and_keeps_them_out_until_it_is_lifted(home: House) -> None:
    async with on_duty(home):
        one, tess, ada, seat = await seated(home, "tess-p", "ada-p")
        lifted = await restricted(home, "ada-p")
        await until(ada, "meeting_left", reason="kicked")
        left = await until(tess, "participant_left")
        assert (left["participant"]["state"], left["reason"]) == ("left", "left"), "nobody hears why"
        await until(tess, "meeting_media", reason="kick", epoch=2)
        old = one | {"ticket": seat["ticket"]["token"], "to": seat["media"]["peers"][0]["participant_id"]}
        for epoch in (1, 2):
            refused = await ada.error("meeting_signal", old | {"epoch": epoch, "candidate": None})
            assert refused["code"] in ("permission_denied", "unauthenticated", "failed_precondition")
        assert await reason_of(ada, one) == "restricted"
        path = f"/api/meetings/{one['meeting_id']}/join"
        again = await home.refused(403, "permission_denied", "POST", path, {}, bearer=token("ada-p"))
        assert again["details"]["reason"] == "restricted"
        assert (await ada.error("call_user", {"callee_id": "tess-p", "media": "audio"}))["code"] == "permission_denied"
        stranger = await home.socket(token("ada-p"))
        nothing = await stranger.error("join_video_room", {"meeting_id": "mtg_nobodys"})
        assert nothing["code"] == "not_found", "asked first: have they a part in it?"
        await home.ok("DELETE", f"/api/moderation/restrictions/{lifted}", bearer=MO)

        async def may_again() -> bool:
            return bool((await ada.call("join_video_room", one)).get("ok"))

        await eventually(may_again, "they may not come back")


async def test_a_block_parts_a_host_and_a_guest_and_leaves_two_guests_alone(home: House) -> None:
    async with on_duty(home):
        one, tess, ada, _ = await seated(home, "tess-q", "ada-q")
        group = {"people": ["ada-q", "ben-q"], "config": {"lobby": "off", "max_participants": 3}}
        of_tess = (await home.ok("POST", "/api/meetings", group, bearer=token("tess-q", "therapist")))["meeting"]
        await home.ok("PUT", "/api/blocks/ben-q", bearer=token("ada-q"))
        ben = await home.socket(token("ben-q"))
        for guest in (ben, ada):
            await guest.ok("join_video_room", {"meeting_id": of_tess["id"]})
        assert not heard(ada, "meeting_left")
        await home.ok("PUT", "/api/blocks/tess-q", bearer=token("ada-q"))
        await ada.until(lambda client: len(heard(client, "meeting_left")) == 2, "she is still in one of them")
        assert not heard(tess, "meeting_left")
        assert await reason_of(ada, one) == "unreachable"
        await ben.ok("refresh_ticket", {"meeting_id": of_tess["id"]})


async def test_what_comes_into_force_while_they_join_holds(home: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever puts people out has been there already: nobody else would find them."""
    meeting = await a_meeting(home, "tess-r", "ada-r")
    one = {"meeting_id": meeting["id"]}
    ada = await home.socket(token("ada-r"))
    plain = Meetings.ask

    async def meanwhile(self: Meetings, meeting_id: str, command: Any, caller: Any, *, listen: bool = False) -> Any:
        reply = await plain(self, meeting_id, command, caller, listen=listen)
        if type(command).__name__ == "TakeSeat":
            await restricted(home, "ada-r")
        return reply

    monkeypatch.setattr(Meetings, "ask", meanwhile)
    assert await reason_of(ada, one) == "restricted"
    monkeypatch.undo()
    assert (await ada.error("refresh_ticket", one))["details"]["reason"] == "not_seated"


async def test_a_call_that_rings_between_them_ends(home: House) -> None:
    async with on_duty(home):
        cid, dan = await home.socket(token("cid-s")), await home.socket(token("dan-s"), gateway=1)
        await cid.ok("create_room", {"kind": "direct", "members": ["dan-s"]})
        await cid.ok("call_user", {"callee_id": "dan-s", "media": "audio"})
        await dan.until(lambda client: bool(heard(client, "call_notification")), "it does not ring")
        await dan.ok("block_user", {"user_id": "cid-s"})
        await cid.until(lambda client: bool(heard(client, "call_ended")), "it still rings")
