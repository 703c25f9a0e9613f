"""A word that nobody wrote stands for those at one slip that somebody did, where the caller may read it."""

import pytest

from tests.gateway_rig import token
from tests.identity_rig import House
from tests.integration.search.rig import found, search, until_found

pytestmark = pytest.mark.asyncio(loop_scope="package")

SAID = "Nightingales sing in the hedge."


async def test_a_slip_is_seen_through_and_named_by_the_word_of_the_hit(home: House) -> None:
    ann, eve = await home.socket(token("ann")), await home.socket(token("eve"))
    await ann.ok("create_room", {"room_id": "slip-1"})
    await ann.ok("message", {"room_id": "slip-1", "body": SAID})
    await until_found(home, token("ann"), SAID, q="nightingale")
    for slip in ("nihgtingale", "nightingle", "nightingeale", "nightimgale"):
        page = await search(home, token("ann"), q=slip)
        assert [hit["snippet"] for hit in page["hits"]] == [SAID]
        assert page["corrected"] == [{"from": slip, "to": page["corrected"][0]["to"]}]
        assert page["corrected"][0]["to"].startswith("nightingale")
        mark = page["hits"][0]["highlights"][0]
        assert SAID[mark["start"] : mark["end"]] == "Nightingales"
    assert await found(home, token("ann"), q="nihgtingale", exact="true") == []
    await eve.ok("create_room", {"room_id": "slip-2"})
    await eve.ok("message", {"room_id": "slip-2", "body": "Nothing sings here."})
    await until_found(home, token("eve"), "Nothing sings here.", q="nothing")
    page = await search(home, token("eve"), q="nihgtingale")
    assert page["hits"] == []
    assert not page.get("corrected")
