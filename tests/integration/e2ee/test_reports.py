"""An encrypted message is reported by revealing it: what was sent is evidence, anything else is refused."""

import os
from base64 import urlsafe_b64encode
from typing import Any

import pytest

from tests.gateway_rig import token
from tests.identity_rig import House
from tests.integration.e2ee.test_talk import ALL, commitment
from tests.integration.moderation.rig import case_of, opened

pytestmark = pytest.mark.asyncio(loop_scope="module")
TEXT = "you will regret this"


def written(key: bytes) -> str:
    return urlsafe_b64encode(key).rstrip(b"=").decode()


async def test_what_is_revealed_is_evidence_if_it_is_what_was_sent(home: House) -> None:
    ada, tess = await home.socket(token("ada-v")), await home.socket(token("tess-v", "therapist"))
    await tess.ok("create_room", {"room_id": "quiet-v", "members": ["ada-v"], "e2ee": True, "accept": ALL})
    await ada.ok("join_room", {"room_id": "quiet-v", "accept": ALL})
    key = os.urandom(32)
    encrypted = {"alg": "megolm.v1", "device_id": "phone", "session_id": "s-1", "ciphertext": "b3BhcXVl"}
    sent: dict[str, Any] = {"room_id": "quiet-v", "kind": "encrypted", "body": ""}
    said = await ada.ok("message", sent | {"encrypted": encrypted | {"commitment": commitment(TEXT, key)}})
    asked = {"room_id": "quiet-v", "message_id": said["id"], "reason": "threat"}
    right = {"plaintext": TEXT, "commitment_key": written(key)}
    for wrong in (
        {},
        {"reveal": right | {"plaintext": "I will pay you"}},
        {"reveal": right | {"commitment_key": written(os.urandom(32))}},
        {"reveal": right | {"commitment_key": "short"}},
    ):
        assert (await tess.error("report_message", asked | wrong))["code"] == "invalid_argument", wrong
    assert (await home.ok("GET", "/api/moderation/cases", bearer=token("mo", "moderator")))["cases"] == []
    await tess.ok("report_message", asked | {"reveal": right})
    case = await opened(home, (await case_of(home, "report"))["case_id"])
    evidence = case["evidence"][0]
    assert TEXT in str(evidence)
    assert "ciphertext" not in str(evidence)
    for collection in await home.database.list_collection_names():
        async for document in home.database[collection].find():
            assert TEXT not in repr(document), collection


async def test_a_message_in_clear_has_nothing_to_reveal(home: House) -> None:
    ann, bob = await home.socket(token("ann-v")), await home.socket(token("bob-v"))
    await ann.ok("create_room", {"room_id": "plain-v", "members": ["bob-v"]})
    said = await bob.ok("message", {"room_id": "plain-v", "body": "hello there"})
    asked = {"room_id": "plain-v", "message_id": said["id"], "reason": "other"}
    reveal = {"plaintext": "something else", "commitment_key": written(os.urandom(32))}
    assert (await ann.error("report_message", asked | {"reveal": reveal}))["code"] == "invalid_argument"
    await ann.ok("report_message", asked)
