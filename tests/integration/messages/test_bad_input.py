"""What nobody can say, at both doors: each row has its code, nothing changes, nothing is repeated or logged."""

from typing import Any, Final
from urllib.parse import quote, urlencode

import pytest

from serve_app.edge.operation import Operation
from tests.declared import operations
from tests.gateway_rig import Client, token
from tests.identity.doubles import remembered_logs
from tests.identity_rig import House

pytestmark = pytest.mark.asyncio(loop_scope="module")
BAD, GONE, DENIED, NOT_NOW = "invalid_argument", "not_found", "permission_denied", "failed_precondition"
SECRET: Final = "canaryword"
CASE: Final = "case_01KAFZ0000000000000000000A"
NOBODY: Final = "msg_01KAFZ00000000000000A00000"
NO_FILE: Final = "file_01KAFZ0000000000000000000A"
CHOICE: Final = {"type": "choice", "prompt": "When?", "options": ["am", "pm"]}
WORDS: Final = {"body": SECRET}
FAR: Final = "2126-11-20T09:30:00Z"
Row = tuple[str, dict[str, Any], str]

MESSAGES: Final[tuple[Row, ...]] = tuple(
    ("message", members, code)
    for members, code in (
        ({}, BAD),
        ({"body": ""}, BAD),
        ({"body": None}, BAD),
        ({"body": 7}, BAD),
        ({"body": "a\0b"}, BAD),
        ({"body": "x" * 70_000}, BAD),
        (WORDS | {"kind": ""}, BAD),
        (WORDS | {"kind": "encrypted"}, BAD),
        (WORDS | {"client_id": ""}, BAD),
        (WORDS | {"client_id": "x" * 300}, BAD),
        (WORDS | {"unknown": 1}, BAD),
        (WORDS | {"attachments": {}}, BAD),
        (WORDS | {"attachments": ["x"]}, BAD),
        (WORDS | {"reply_to": NOBODY}, GONE),
        (WORDS | {"reply_to": "x"}, GONE),
        (WORDS | {"format": "html"}, BAD),
        ({"body": "[" * 5000, "format": "markdown"}, BAD),
        ({"body": ">" * 5000, "format": "markdown"}, BAD),
        ({"body": "*" * 5000, "format": "markdown"}, BAD),
        ({"body": "`" * 5000, "format": "markdown"}, BAD),
        ({"body": "<" * 5000, "format": "markdown"}, BAD),
        ({"body": "\n" * 5000 + "x", "format": "markdown"}, BAD),
        (WORDS | {"mentions": ["stranger"]}, BAD),
        (WORDS | {"mentions": [""]}, BAD),
        (WORDS | {"mentions": "tess"}, BAD),
        (WORDS | {"mentions": [f"u{number}" for number in range(51)]}, BAD),
        (WORDS | {"mention_all": True}, DENIED),
        (WORDS | {"mention_all": "yes"}, BAD),
        (WORDS | {"priority": "urgent"}, DENIED),
        (WORDS | {"priority": "important"}, DENIED),
        (WORDS | {"priority": "emergency"}, BAD),
        (WORDS | {"blocks": [CHOICE] * 11}, BAD),
        (WORDS | {"blocks": CHOICE}, BAD),
        (WORDS | {"blocks": [{"type": "poll"}]}, BAD),
        (WORDS | {"blocks": [{"prompt": "When?", "options": ["a", "b"]}]}, BAD),
        (WORDS | {"blocks": [CHOICE | {"blocks": [CHOICE]}]}, BAD),
        (WORDS | {"blocks": [CHOICE | {"options": ["a"]}]}, BAD),
        (WORDS | {"blocks": [CHOICE | {"options": ["a"] * 9}]}, BAD),
        (WORDS | {"blocks": [CHOICE | {"options": ["a", CHOICE]}]}, BAD),
        (WORDS | {"blocks": [CHOICE | {"prompt": ""}]}, BAD),
        (WORDS | {"blocks": [CHOICE | {"state": "closed"}]}, BAD),
        (WORDS | {"blocks": [CHOICE | {"block_id": "blk_9"}]}, BAD),
        (WORDS | {"blocks": [{"type": "file", "file_id": NO_FILE}]}, GONE),
        (WORDS | {"blocks": [{"type": "image", "file_id": "../x"}]}, BAD),
        (WORDS | {"blocks": [{"type": "payment", "bill_id": "bil_nobodys"}]}, GONE),
        (WORDS | {"blocks": [{"type": "worksheet", "assignment_id": "asg_01KAFZ0000000000000000000A"}]}, GONE),
        (WORDS | {"blocks": [{"type": "slots", "therapist_id": "tess", "starts": []}]}, BAD),
        (WORDS | {"blocks": [{"type": "slots", "therapist_id": "tess", "starts": ["today"]}]}, DENIED),
        (WORDS | {"encrypted": {}}, BAD),
        (WORDS | {"encrypted": {"alg": "aes"}}, BAD),
    )
)
OTHERS: Final[tuple[Row, ...]] = (
    ("edit_message", {"message_id": "{mine}", "body": ""}, BAD),
    ("edit_message", {"message_id": "{mine}", "body": "a\0b"}, BAD),
    ("edit_message", {"message_id": "{theirs}", "body": SECRET}, DENIED),
    ("edit_message", {"message_id": "{deleted}", "body": SECRET}, NOT_NOW),
    ("edit_message", {"message_id": NOBODY, "body": SECRET}, GONE),
    ("react", {"message_id": "{mine}", "emoji": SECRET}, BAD),
    ("react", {"message_id": "{mine}", "emoji": ""}, BAD),
    ("react", {"message_id": "{deleted}", "emoji": "👍"}, NOT_NOW),
    ("history", {"before": -1}, BAD),
    ("history", {"limit": 0}, BAD),
    ("history", {"limit": 100_000}, BAD),
    ("history", {"at": "yesterday"}, BAD),
    ("history", {"at": "2026-11-20T09:30:00"}, BAD),
    ("history", {"at": FAR, "around": "{mine}"}, BAD),
    ("history", {"at": FAR, "before": 3}, BAD),
    ("history", {"around": "{mine}", "after": 1}, BAD),
    ("history", {"around": NOBODY}, GONE),
    ("thread", {"message_id": NOBODY}, GONE),
    ("thread", {"message_id": "{mine}", "limit": 0}, BAD),
    ("thread", {"message_id": "{mine}", "after": -1}, BAD),
    ("get_edits", {"message_id": NOBODY}, GONE),
    ("message_status", {"message_id": "{theirs}"}, DENIED),
    ("mark_delivered", {"seq": -1}, BAD),
    ("mark_delivered", {"seq": "1"}, BAD),
    ("acknowledge_message", {"message_id": "{mine}"}, NOT_NOW),
    ("acknowledge_message", {"message_id": NOBODY}, GONE),
    ("pin_message", {"message_id": "{deleted}"}, NOT_NOW),
    ("pin_message", {"message_id": NOBODY}, GONE),
    ("use_block", {"message_id": "{mine}", "block_id": "blk_1", "choose": [0]}, GONE),
    ("use_block", {"message_id": "{mine}", "block_id": "blk_1", "choose": [8]}, BAD),
    ("use_block", {"message_id": "{mine}", "block_id": "blk_1", "choose": ["a"]}, BAD),
    ("schedule_message", WORDS | {"send_at": "2020-01-01T00:00:00Z"}, BAD),
    ("schedule_message", WORDS | {"send_at": FAR}, BAD),
    ("schedule_message", WORDS | {"send_at": "soon"}, BAD),
    ("schedule_message", WORDS | {"send_at": "2026-12-20T09:30:00"}, BAD),
    ("schedule_message", WORDS, BAD),
    ("create_booking_from_message", {"message_id": NOBODY}, GONE),
    ("create_booking_from_message", {"message_id": "{mine}", "start": "noon"}, BAD),
    ("share_file", {"file_id": NO_FILE}, GONE),
    ("share_file", {"file_id": "a/b"}, BAD),
    ("share_image", {"file_id": NO_FILE, "alt": "x" * 2000}, BAD),
    ("accept_media", {"message_id": "{mine}"}, GONE),
    ("report_message", {"message_id": "{theirs}", "reason": "boring"}, BAD),
    ("report_message", {"message_id": "{theirs}", "reason": "spam", "context": 11}, BAD),
    ("report_message", {"message_id": "{theirs}", "reason": "spam", "note": "a\0b"}, BAD),
    ("report_message", {"message_id": NOBODY, "reason": "spam"}, GONE),
)
ELSEWHERE: Final[tuple[Row, ...]] = (
    ("update_scheduled", {"scheduled_id": "sch_01KAFZ0000000000000000000A", "body": SECRET}, GONE),
    ("update_scheduled", {"scheduled_id": "x", "body": SECRET}, GONE),
    ("cancel_scheduled", {"scheduled_id": "sch_01KAFZ0000000000000000000A"}, GONE),
    ("set_chat_privacy", {"receipts": "no"}, BAD),
    ("get_file", {"file_id": NO_FILE}, GONE),
    ("delete_file", {"file_id": NO_FILE}, GONE),
    ("link_file", {"file_id": NO_FILE, "ttl_s": 9}, BAD),
    ("link_file", {"file_id": NO_FILE, "ttl_s": 901}, BAD),
    ("link_file", {"file_id": NO_FILE, "variant": "512"}, BAD),
    ("create_conversation", {"relation": "friends", "with": "tess"}, BAD),
    ("create_conversation", {"relation": "client_therapist", "with": "ada"}, BAD),
    ("create_conversation", {"relation": "client_client", "with": "bob"}, DENIED),
    ("create_conversation", {"relation": "therapist_therapist", "with": "tess"}, DENIED),
    ("create_conversation", {"relation": "client_therapist", "with": "tess", "accept": ["all"]}, BAD),
    ("create_conversation", {"relation": "client_therapist", "with": "tess", "e2ee": True}, DENIED),
    ("report_user", {"user_id": "tess", "reason": ""}, BAD),
    ("report_user", {"user_id": "a b", "reason": "spam"}, BAD),
    ("block_user", {"user_id": "ada"}, BAD),
    ("get_case", {"case_id": CASE, "why": "I am curious"}, DENIED),
    ("list_cases", {}, DENIED),
    ("list_held", {}, DENIED),
    ("put_device_keys", {"device_id": "d", "curve25519": "x", "ed25519": "x", "signature": "x"}, BAD),
    ("put_device_keys", {"device_id": "d", "curve25519": "A" * 42, "ed25519": "A" * 43, "signature": "A" * 86}, BAD),
    ("claim_keys", {"devices": []}, BAD),
    ("send_to_device", {"messages": [{"user_id": "tess", "device_id": "d", "type": "x", "body": [1]}]}, BAD),
    ("put_key_backup", {"data": ""}, BAD),
    ("appeal", {"text": SECRET}, BAD),
    ("place_hold", {"room_id": "bad", "reason": SECRET}, DENIED),
    ("set_retention", {"days": 1}, DENIED),
)
OF_STAFF: Final[tuple[Row, ...]] = (
    ("get_case", {"case_id": CASE, "why": "too short"}, BAD),
    ("get_case", {"case_id": CASE, "why": "x" * 501}, BAD),
    ("get_case", {"case_id": CASE, "why": "somebody asked for it"}, GONE),
    ("act_on_case", {"case_id": CASE, "action": "shout"}, BAD),
    ("close_case", {"case_id": CASE, "outcome": "fine", "text": "x"}, BAD),
    ("restrict_user", {"user_id": "ada", "scope": ["life"], "case_id": CASE, "text": "x"}, BAD),
    ("restrict_user", {"user_id": "ada", "scope": [], "case_id": CASE, "text": "x"}, BAD),
    ("monitor_room", {"room_id": "bad", "case_id": CASE, "reason": "somebody asked", "minutes": 61}, BAD),
    ("release_held", {"held_id": "x"}, BAD),
    ("lift_restriction", {"restriction_id": "x"}, BAD),
)


def door(operation: Operation[Any], asked: dict[str, Any]) -> tuple[str, str, dict[str, Any] | None] | None:
    """The same at the REST door; None: there is none, or no address can say it."""
    rest, left = operation.rest, dict(asked)
    if rest is None:
        return None
    path = rest.path
    for name in [name for name in asked if f"{{{name}}}" in path]:
        value = left.pop(name)
        if not isinstance(value, str) or not value or "/" in value:
            return None
        path = path.replace(f"{{{name}}}", quote(value, safe=""))
    if rest.method in ("GET", "DELETE"):
        return rest.method, f"{path}?{urlencode(left)}" if left else path, None
    return rest.method, path, left


async def wrong_of(home: House, rows: tuple[Row, ...], socket: Client, bearer: str, names: dict[str, str]) -> list[Any]:
    """Rows that were answered otherwise, at either door."""
    table = {one.name: one for one in operations()}
    wrong: list[Any] = []
    for event, members, code in rows:
        asked = {name: names.get(value, value) if isinstance(value, str) else value for name, value in members.items()}
        ack = await socket.call(event, asked)
        wrong += [(event, members, ack)] if ack.get("error", {}).get("code") != code else []
        assert SECRET not in str(ack)
        if (at := door(table[event], asked)) is None:
            continue
        answer = await home.call(*at, bearer=bearer)
        wrong += [(at, answer.text)] if answer.json().get("code") != code else []
        assert SECRET not in answer.text
    return wrong


async def test_each_row_has_its_code_at_both_doors_and_changes_nothing(home: House) -> None:
    tess, ada = await home.socket(token("tess", "therapist")), await home.socket(token("ada"))
    await tess.ok("create_room", {"room_id": "bad", "members": ["ada"]})
    mine = await ada.ok("message", {"room_id": "bad", "body": "mine"})
    theirs = await tess.ok("message", {"room_id": "bad", "body": "theirs"})
    deleted = await ada.ok("message", {"room_id": "bad", "body": "deleted"})
    await ada.ok("delete_message", {"room_id": "bad", "message_id": deleted["id"]})
    names = {"{mine}": mine["id"], "{theirs}": theirs["id"], "{deleted}": deleted["id"]}
    before = await ada.ok("history", {"room_id": "bad"})
    in_room = tuple((event, {"room_id": "bad", **members}, code) for event, members, code in MESSAGES + OTHERS)
    rows = in_room + ELSEWHERE
    assert len(rows) + len(OF_STAFF) >= 120
    with remembered_logs() as logs:
        wrong = await wrong_of(home, rows, ada, token("ada"), names)
        mo = token("mo", "moderator")
        wrong += await wrong_of(home, OF_STAFF, await home.socket(mo), mo, names)
    assert not wrong, "\n".join(map(str, wrong))
    assert await ada.ok("history", {"room_id": "bad"}) == before
    assert SECRET not in logs.getvalue()
