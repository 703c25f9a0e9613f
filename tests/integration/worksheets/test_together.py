"""One worksheet, written by two through both doors and handed in: the whole of it, on a real database."""

from typing import Any

import pytest
from pycrdt import Map, Text

from actors.worksheets.document.digest import digest_of
from tests.clients.y_client import YClient
from tests.identity_rig import House
from tests.integration.worksheets.desk import pair
from tests.integration.worksheets.writing.test_joining import Writer

pytestmark = pytest.mark.asyncio(loop_scope="module")
SECRET = "Zoë's canary 😀"
SHARED: dict[str, Any] = {
    "fields": [
        {"id": "mood", "type": "scale", "label": "How was it?", "min": 0, "max": 10, "required": True},
        {"id": "story", "type": "long_text", "label": "What happened?"},
        {"id": "plan", "type": "long_text", "label": "What now?", "filled_by": "both"},
    ]
}


async def test_two_write_at_two_gateways_and_it_is_handed_in_as_it_was_seen(home: House) -> None:
    two = await pair(home, "together")
    made = await two.made(SHARED)
    given = await two.given(made["worksheet_id"])
    id_ = given["assignment_id"]
    url = f"http://127.0.0.1:{home.gateways[0].port}"
    async with YClient(url, id_, two.ada) as ada:
        await ada.synced()
        tess = Writer(await home.socket(two.tess, gateway=1), 6000, id_)
        joined = await tess.join()
        assert joined["assignment"]["assignment_id"] == id_
        assert joined["writable"] == ["plan"]
        await ada.say(op="insert", root="text:story", at=0, text=SECRET)
        await ada.say(op="set", key="mood", value=3)
        await tess.client.next("worksheet_sync", 2)
        tess.catch_up()
        assert str(tess.doc.get("text:story", type=Text)) == SECRET
        assert (await tess.put("mood", 9))["error"]["code"] == "permission_denied"
        fresh = Writer(tess.client, 6001, id_)
        await fresh.join()
        assert fresh.doc.get("answers", type=Map).to_py() == {"mood": 3}
        assert (await fresh.write("text:plan", "Walk. "))["ok"]
        await ada.holds(lambda told: told["texts"]["text:plan"] == "Walk. ", "text:plan")
        draft = await two.get(given, two.ada, "/draft")
        wanted = {"mood": 3, "story": SECRET, "plan": "Walk. "}
        assert draft["answers"] == wanted
        body = {"base": draft["seq"], "answers": {"plan": "Walk. Sleep."}}
        await home.ok("PUT", f"/api/assignments/{id_}/draft", body, bearer=two.ada)
        await ada.holds(lambda told: told["texts"]["text:plan"] == "Walk. Sleep.", "text:plan")
        stale = await home.call("POST", f"/api/assignments/{id_}/submit", {"digest": digest_of(wanted)}, bearer=two.ada)
        assert stale.status_code == 409
        seen = wanted | {"plan": "Walk. Sleep."}
        done = await home.ok("POST", f"/api/assignments/{id_}/submit", {"digest": digest_of(seen)}, bearer=two.ada)
        assert done["answers"] == seen
        assert await ada.closed() == 4409
        late = await fresh.write("text:plan", "late")
        assert late["error"]["details"]["reason"] == "submitted"


async def test_when_it_is_not_shared_any_more_the_therapist_is_out_and_the_client_stays(home: House) -> None:
    two = await pair(home, "alone")
    made = await two.made(SHARED)
    given = await two.given(made["worksheet_id"])
    id_ = given["assignment_id"]
    url = f"http://127.0.0.1:{home.gateways[0].port}"
    async with YClient(url, id_, two.ada) as ada, YClient(url, id_, two.tess) as tess:
        await ada.synced()
        await tess.synced()
        await home.ok("PUT", f"/api/assignments/{id_}/collaboration", {"enabled": False}, bearer=two.tess)
        assert await tess.closed() == 4403
        await ada.say(op="insert", root="text:story", at=0, text="mine")
        async with YClient(url, id_, two.ada) as other:
            await other.synced()
            await other.holds(lambda told: told["texts"]["text:story"] == "mine", "text:story")
