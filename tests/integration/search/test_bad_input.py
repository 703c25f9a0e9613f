"""What no search is, at both doors: each row has its code, and nothing of what was asked stands in the answer."""

from typing import Any, Final
from urllib.parse import urlencode

import pytest

from tests.gateway_rig import token
from tests.identity.doubles import remembered_logs
from tests.identity_rig import House
from tests.integration.search.rig import until_found

pytestmark = pytest.mark.asyncio(loop_scope="package")
BAD: Final = "invalid_argument"
SECRET: Final = "canaryword"
ROWS: Final[tuple[tuple[dict[str, Any], str], ...]] = (
    # nothing that is looked for
    ({}, BAD),
    ({"q": ""}, BAD),
    ({"q": "   "}, BAD),
    ({"q": "\t"}, BAD),
    ({"facets": "type"}, BAD),
    ({"sort": "newest"}, BAD),
    ({"all": True}, BAD),
    ({"limit": 5}, BAD),
    ({"q": "-"}, BAD),
    ({"q": "- -"}, BAD),
    ({"q": "*"}, BAD),
    ({"q": '"'}, BAD),
    ({"q": '""'}, BAD),
    ({"q": '"" ""'}, BAD),
    ({"q": "()[]{}"}, BAD),
    ({"q": "!?.,;:"}, BAD),
    ({"q": "-a -b"}, BAD),
    ({"q": '-"a b"'}, BAD),
    ({"q": "\u200b\u200d"}, BAD),
    # words that are none, or too many
    ({"q": SECRET * 26}, BAD),
    ({"q": "x" * 257}, BAD),
    ({"q": "word " * 17}, BAD),
    ({"q": f'"{"word " * 17}"'}, BAD),
    ({"q": "a\0b"}, BAD),
    ({"q": "a\x01b"}, BAD),
    ({"q": "a\x7fb"}, BAD),
    ({"q": "\ufdd0"}, BAD),
    ({"q": "\U0010ffff"}, BAD),
    # types
    ({"q": "a", "type": "x"}, BAD),
    ({"q": "a", "type": ""}, BAD),
    ({"q": "a", "type": ","}, BAD),
    ({"q": "a", "type": "messages,"}, BAD),
    ({"q": "a", "type": "messages,x"}, BAD),
    ({"q": "a", "type": "Messages"}, BAD),
    ({"q": "a", "type": "excluded"}, BAD),
    ({"q": "a", "type": "messages" * 30}, BAD),
    # filters
    ({"q": "a", "room_id": ""}, BAD),
    ({"q": "a", "room_id": "a b"}, BAD),
    ({"q": "a", "room_id": "../etc"}, BAD),
    ({"q": "a", "sender_id": "*"}, BAD),
    ({"q": "a", "sender_id": "x" * 200}, BAD),
    ({"q": "a", "has": "video"}, BAD),
    ({"q": "a", "has": "file,image"}, BAD),
    ({"q": "a", "therapist_id": "{}"}, BAD),
    ({"q": "a", "client_id": "$gt"}, BAD),
    ({"q": "a", "service_id": "[a TO b]"}, BAD),
    ({"q": "a", "status": ""}, BAD),
    ({"q": "a", "status": "x" * 300}, BAD),
    ({"q": "a", "file_type": ""}, BAD),
    ({"q": "a", "file_type": "a\0"}, BAD),
    ({"q": "a", "relation": "friends"}, BAD),
    ({"q": "a", "language": ""}, BAD),
    ({"q": "a", "format": "letter"}, BAD),
    ({"q": "a", "free_before": "soon"}, BAD),
    ({"q": "a", "unknown": "x"}, BAD),
    ({"q": "a", "Q": "x"}, BAD),
    ({"q": "a", "score": "x"}, BAD),
    # times
    ({"q": "a", "from": "yesterday"}, BAD),
    ({"q": "a", "from": "2026-11-20"}, BAD),
    ({"q": "a", "to": "2026-11-20T09:30:00"}, BAD),
    ({"q": "a", "to": "9999-11-20T09:30:00Z"}, BAD),
    ({"q": "a", "from": "0001-01-01T00:00:00Z"}, BAD),
    ({"q": "a", "from": "2026-11-20T09:30:00Z", "to": "2026-11-19T09:30:00Z"}, BAD),
    ({"q": "a", "from": "2026-11-20T09:30:00Z", "to": "2026-11-20T09:30:00Z"}, BAD),
    ({"q": "a", "from": "x" * 65}, BAD),
    # facets, order, pages
    ({"q": "a", "facets": "x"}, BAD),
    ({"q": "a", "facets": ""}, BAD),
    ({"q": "a", "facets": "type,text"}, BAD),
    ({"q": "a", "facets": "type" * 30}, BAD),
    ({"q": "a", "sort": "score"}, BAD),
    ({"q": "a", "sort": ""}, BAD),
    ({"q": "a", "limit": 0}, BAD),
    ({"q": "a", "limit": 51}, BAD),
    ({"q": "a", "limit": -1}, BAD),
    ({"q": "a", "limit": 10**20}, BAD),
    ({"q": "a", "cursor": ""}, BAD),
    ({"q": "a", "cursor": "x"}, BAD),
    ({"q": "a", "cursor": "A" * 59}, BAD),
    ({"q": "a", "cursor": "A" * 60}, BAD),
    ({"q": "a", "cursor": "A" * 600}, BAD),
    ({"q": "a", "cursor": "====="}, BAD),
    # in somebody's place
    ({"q": "a", "break_glass": "grant_01KAFZ0000000000000000000A"}, "permission_denied"),
    ({"q": "a", "break_glass": ""}, BAD),
    ({"q": "a", "break_glass": "a b"}, BAD),
)
FINE: Final[tuple[dict[str, Any], ...]] = (
    {"q": "the"},
    {"q": "the of and"},
    {"q": "field:x"},
    {"q": "[a TO b]"},
    {"q": "/regex/"},
    {"q": '{"$gt":""}'},
    {"q": "a AND NOT (b OR c)~2^3"},
    {"q": '"unbalanced'},
    {"q": "a*b*"},
    {"q": "e" + "\u0301" * 255},
    {"q": "\U0001f600 \U0001f469\u200d\U0001f52c"},
    {"q": "\u202eabc\u202c"},
    {"q": "\u4f60\u597d\u4e16\u754c"},
    {"q": "x" * 256},
    {"q": "", "type": "patients"},
    {"type": "messages"},
    {"room_id": "nowhere"},
    {"q": "a -a"},
)


async def test_each_row_has_its_code_at_both_doors_and_nothing_of_it_is_repeated(home: House) -> None:
    eve, socket = token("eve"), await home.socket(token("eve"))
    wrong: list[tuple[object, object]] = []
    assert len(ROWS) >= 80
    with remembered_logs() as logs:
        for asked, code in ROWS:
            named = {name: str(value).lower() if isinstance(value, bool) else value for name, value in asked.items()}
            answer = await home.call("GET", f"/api/search?{urlencode(named)}", bearer=eve)
            told = answer.json().get("code", answer.json())
            said = (await socket.call("search", asked)).get("error", {})
            wrong += [(asked, one) for one in (told, said.get("code")) if one != code]
            assert SECRET not in answer.text + str(said)
    assert wrong == []
    assert SECRET not in logs.getvalue()


async def test_a_cursor_that_was_not_given_for_this_to_this_person_is_refused_at_both_doors(home: House) -> None:
    sockets = {user: await home.socket(token(user)) for user in ("ivy", "eve")}
    await sockets["ivy"].ok("create_room", {"room_id": "bad-1"})
    for n in range(3):
        await sockets["ivy"].ok("message", {"room_id": "bad-1", "body": f"toucan {n}"})
    await until_found(home, token("ivy"), "toucan 0", "toucan 1", "toucan 2", q="toucan")
    cursor = (await sockets["ivy"].ok("search", {"q": "toucan", "limit": 1}))["next_cursor"]
    forged = cursor[:-2] + ("AA" if cursor[-2:] != "AA" else "BB")
    rows = [("ivy", "toucan", one) for one in (cursor[:-1], cursor[1:], forged, cursor + "A")]
    for user, q, one in [*rows, ("ivy", "heron", cursor), ("eve", "toucan", cursor)]:
        asked = {"q": q, "limit": 1, "cursor": one}
        path = f"/api/search?{urlencode(asked)}"
        await home.refused(400, BAD, "GET", path, bearer=token(user))
        assert (await sockets[user].error("search", asked))["code"] == BAD
    assert (await sockets["ivy"].ok("search", {"q": "toucan", "limit": 2, "cursor": cursor}))["hits"]


async def test_what_is_odd_and_means_nothing_to_an_engine_is_answered(home: House) -> None:
    eve, socket = token("eve"), await home.socket(token("eve"))
    for asked in FINE:
        page = await home.ok("GET", f"/api/search?{urlencode(asked)}", bearer=eve)
        assert page["total"]["exact"], asked
        assert (await socket.ok("search", asked))["total"]["exact"], asked


@pytest.mark.parametrize("encoded", ["%ED%A0%80", "a%FF", "%C0%AF", "%C3", "%F0%9F%98"])
async def test_a_question_that_is_no_text_is_not_mended_into_another(home: House, encoded: str) -> None:
    for path in ("/api/search?type=messages&q=", "/api/search/suggest?q=", "/api/rooms/bad-1/search?q="):
        error = await home.refused(400, BAD, "GET", path + encoded, bearer=token("eve"))
        assert error["details"] == {"field": "q"}
