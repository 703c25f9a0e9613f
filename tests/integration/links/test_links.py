"""Links in mails, at both doors and in a browser without script: machines may look as often as they like; one press has
one effect. Over the real kernel and a real mongod."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from common.auth.keys import link_keys
from common.auth.links import Action, Link, LinkTokens
from tests.identity_rig import House, house
from tests.integration.identity.attacks.victim import HOURS, SERVICE, when
from tests.mongo import url_of

pytestmark = [pytest.mark.asyncio(loop_scope="module")]
HOUR_S = 3600


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def home(mongo_port: int, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    rig = house(url_of(mongo_port), f"test_{uuid.uuid4().hex}", tmp_path_factory.mktemp("links"))
    async with rig as made:
        yield made


class Practice:
    """A client with a booking of a therapist's."""

    def __init__(self, home: House, ada: Any, tess: Any, booking: Any) -> None:
        self.home, self.booking = home, booking
        self.ada, self.tess = ada["access_token"], tess["access_token"]
        self.ada_id, self.tess_id = ada["user"]["user_id"], tess["user"]["user_id"]

    def link(self, action: Action, subject: str, *, version: int = 0, user: str = "", for_s: int = HOUR_S) -> str:
        expires_s = self.home.clock.platform_ms() // 1000 + for_s
        return tokens(self.home).make(
            Link(action=action, user=user or self.ada_id, subject=subject, version=version, expires_s=expires_s)
        )

    async def status(self) -> str:
        found = await self.home.ok("GET", f"/api/bookings/{self.booking['id']}", bearer=self.ada)
        return str(found["status"])


def tokens(home: House, generation: int = 1) -> LinkTokens:
    return LinkTokens(link_keys(home.context.root, generation))


@pytest_asyncio.fixture(loop_scope="module")
async def at(home: House) -> Practice:
    name = uuid.uuid4().hex[:8]
    ada, tess = await home.register(f"ada-{name}@example.org"), await home.staff(f"t-{name}@example.org", "therapist")
    tess_id = tess["user"]["user_id"]
    schedule = {"tz": "UTC", "weekly": HOURS, "slot_minutes": 60, "services": [SERVICE]}
    await home.ok("PUT", f"/api/calendars/{tess_id}", schedule, bearer=tess["access_token"])
    body = {"therapist_id": tess_id, "service_id": "talk", "start": when(10)}
    booking = await home.ok("POST", "/api/bookings", body, bearer=ada["access_token"])
    return Practice(home, ada, tess, booking)


async def page(home: House, method: str, path: str, **options: Any) -> Any:
    async with home.http() as http:
        return await http.request(method, path, **options)


async def test_machines_may_look_and_one_press_cancels(at: Practice) -> None:
    link = at.link("cancel_booking", at.booking["id"], version=at.booking["version"])
    for _ in range(5):
        shown = await page(at.home, "GET", f"/l/{link}", headers={"Accept-Language": "de-AT,de;q=0.9"})
        assert shown.status_code == 200
        assert "Diesen Termin absagen" in shown.text
        assert '<html lang="de">' in shown.text
        assert "<form" in shown.text
        assert "<script" not in shown.text
        assert "form-action 'self'" in shown.headers["content-security-policy"]
        look = await at.home.ok("GET", f"/api/actions/{link}")
        assert look == {"action": "cancel_booking", "title": "Cancel this session", "state": "open"}
    assert await at.status() == at.booking["status"]
    done = await page(at.home, "POST", f"/l/{link}")
    assert done.status_code == 200
    assert "It is done." in done.text
    assert "<form" not in done.text
    assert await at.status() == "cancelled"
    again = await at.home.ok("POST", f"/api/actions/{link}")
    assert again["already"] is True
    assert again["result"] == {"booking_id": at.booking["id"], "status": "cancelled"}
    assert (await at.home.ok("GET", f"/api/actions/{link}"))["state"] == "done"


async def test_ten_presses_at_once_have_one_effect(at: Practice) -> None:
    link = at.link("cancel_booking", at.booking["id"], version=at.booking["version"])
    answers = await asyncio.gather(*(at.home.ok("POST", f"/api/actions/{link}") for _ in range(10)))
    assert {one["state"] for one in answers} == {"done"}
    assert {one["result"]["status"] for one in answers} == {"cancelled"}
    found = await at.home.ok("GET", f"/api/bookings/{at.booking['id']}", bearer=at.ada)
    assert found["version"] == at.booking["version"] + 1


async def test_what_has_changed_since_is_left_as_it_is(at: Practice) -> None:
    link = at.link("cancel_booking", at.booking["id"], version=at.booking["version"] + 7)
    assert (await at.home.ok("GET", f"/api/actions/{link}"))["state"] == "stale"
    problem = await at.home.refused(412, "failed_precondition", "POST", f"/api/actions/{link}")
    assert problem["details"]["state"] == "stale"
    assert "have changed" in (await page(at.home, "POST", f"/l/{link}")).text
    assert await at.status() == at.booking["status"]


async def test_an_expired_link_does_nothing(at: Practice) -> None:
    link = at.link("cancel_booking", at.booking["id"], version=at.booking["version"], for_s=-1)
    assert (await at.home.ok("GET", f"/api/actions/{link}"))["state"] == "expired"
    problem = await at.home.refused(412, "failed_precondition", "POST", f"/api/actions/{link}")
    assert problem["details"]["state"] == "expired"
    assert await at.status() == at.booking["status"]


async def test_an_altered_link_is_none(at: Practice) -> None:
    link = at.link("cancel_booking", at.booking["id"], version=at.booking["version"])
    swapped = "A" if link[-1] != "A" else "B"
    for bad in (link[:-1] + swapped, link[::-1], "x", "A" * 1000, link + "AAAA"):
        await at.home.refused(404, "not_found", "POST", f"/api/actions/{bad}")
        assert (await page(at.home, "GET", f"/l/{bad}")).status_code == 404
    assert await at.status() == at.booking["status"]


async def test_a_link_acts_as_its_person_and_as_nobody_else(at: Practice) -> None:
    stranger = at.link("cancel_booking", at.booking["id"], version=at.booking["version"], user="usr_stranger")
    answer = await page(at.home, "POST", f"/api/actions/{stranger}")
    assert answer.status_code in (403, 404, 412)
    client = at.link("complete_booking", at.booking["id"], version=at.booking["version"])
    answer = await page(at.home, "POST", f"/api/actions/{client}")  # a client cannot say that it took place
    assert answer.status_code in (403, 412)
    assert await at.status() == at.booking["status"]


async def test_a_mail_client_unsubscribes_with_one_press_of_its_own(at: Practice) -> None:
    link = at.link("unsubscribe", "chat_message")
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for _ in range(2):
        done = await page(at.home, "POST", f"/l/{link}", content="List-Unsubscribe=One-Click", headers=form)
        assert done.status_code == 200
    chosen = await at.home.ok("GET", "/api/notifications/preferences", bearer=at.ada)
    assert chosen["types"]["chat_message"]["email"] is False
    assert (await at.home.ok("POST", f"/api/actions/{at.link('unsubscribe', 'digest')}"))["state"] == "done"


async def test_a_notification_is_read_or_put_off_from_a_mail(at: Practice) -> None:
    body = {"user_id": at.ada_id, "title": "Closed on Friday", "body": "Back on Monday."}
    made = (await at.home.ok("POST", "/api/notifications", body, bearer=at.home.admin()))["notification"]
    later = at.link("snooze", made["id"])
    await at.home.refused(400, "invalid_argument", "POST", f"/api/actions/{later}", {"choice": "next year"})
    done = await at.home.ok("POST", f"/api/actions/{later}", {"choice": "4h"})
    assert done["result"]["status"] == "snoozed"
    again = await at.home.ok("POST", f"/api/actions/{later}", {"choice": "1d"})
    assert (again["already"], again["result"]) == (True, done["result"])
    assert (await at.home.ok("GET", f"/api/actions/{later}"))["state"] == "done"
    assert (await at.home.ok("GET", f"/api/actions/{at.link('snooze', made['id'], version=1)}"))["state"] == "open"
    read = at.link("mark_read", made["id"])
    assert "already" not in await at.home.ok("POST", f"/api/actions/{read}")
    assert (await at.home.ok("POST", f"/api/actions/{read}"))["already"] is True


async def test_nothing_in_a_link_signs_anybody_in(at: Practice) -> None:
    link = at.link("mark_read", "ntf_x")
    await at.home.refused(401, "unauthenticated", "GET", "/api/notifications", bearer=link)


async def test_a_key_can_be_changed_and_the_links_of_the_one_before_still_count(at: Practice) -> None:
    link = Link(action="mark_read", user=at.ada_id, subject="ntf_x", version=0, expires_s=1)
    assert tokens(at.home, 2).read(tokens(at.home, 1).make(link)) == link
    with pytest.raises(Exception, match="no such link"):
        tokens(at.home, 3).read(tokens(at.home, 1).make(link))


async def test_what_is_gone_is_stale(at: Practice) -> None:
    for action, subject in (("confirm_booking", "bkg_none"), ("accept_offer", "off_none"), ("mark_read", "ntf_none")):
        link = at.link(action, subject)  # type: ignore[arg-type] # an action
        assert (await at.home.ok("GET", f"/api/actions/{link}"))["state"] == "stale"
        answer = await page(at.home, "POST", f"/api/actions/{link}")
        assert answer.status_code == 412
