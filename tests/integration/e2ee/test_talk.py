"""Clients made of vodozemac talk through the product: keys are claimed, a session is handed over, messages are read,
and the server, its database and its logs know none of it."""

import asyncio
import hashlib
import hmac
import json
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any

import pytest
import vodozemac as vz

from tests.gateway_rig import Client, token
from tests.identity.doubles import remembered_logs
from tests.identity_rig import House
from tests.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")
CANARY = "I have not slept since Tuesday"
ALL = ["no_search", "no_screening", "no_preview", "no_recovery"]


def commitment(text: str, key: bytes) -> str:
    return urlsafe_b64encode(hmac.digest(key, text.encode(), hashlib.sha256)).rstrip(b"=").decode()


@dataclass
class Device:
    """A device of somebody, with its own ratchets."""

    user: str
    name: str
    socket: Client
    account: vz.Account = field(default_factory=vz.Account)
    rooms: dict[str, vz.InboundGroupSession] = field(default_factory=dict)

    async def publish(self, keys: int = 5) -> None:
        curve, ed = self.account.curve25519_key.to_base64(), self.account.ed25519_key.to_base64()
        signature = self.account.sign(f"{self.user}{self.name}{curve}{ed}".encode()).to_base64()
        named = {"device_id": self.name, "curve25519": curve, "ed25519": ed, "signature": signature}
        await self.socket.ok("put_device_keys", named)
        self.account.generate_one_time_keys(keys)
        some = [{"key_id": name, "key": key.to_base64()} for name, key in self.account.one_time_keys.items()]
        await self.socket.ok("put_one_time_keys", {"device_id": self.name, "keys": some})
        self.account.mark_keys_as_published()

    async def hand_over(self, group: vz.GroupSession, user: str, device: str) -> None:
        """Give a device the session of a room, by a message that only it can open."""
        known = (await self.socket.ok("get_device_keys", {"user_ids": [user]}))["devices"]
        (theirs,) = [one for one in known if one["device_id"] == device]
        claimed = await self.socket.ok("claim_keys", {"devices": [{"user_id": user, "device_id": device}]})
        session = self.account.create_outbound_session(
            vz.Curve25519PublicKey.from_base64(theirs["curve25519"]),
            vz.Curve25519PublicKey.from_base64(claimed["keys"][0]["key"]),
        )
        secret = json.dumps({"session_key": group.session_key.to_base64()})
        kind, ciphertext = session.encrypt(secret.encode()).to_parts()
        mine = self.account.curve25519_key.to_base64()
        body = {"kind": kind, "ciphertext": urlsafe_b64encode(ciphertext).decode(), "sender": mine}
        message = {"user_id": user, "device_id": device, "type": "room_key", "body": body}
        told = await self.socket.ok("send_to_device", {"messages": [message], "from_device": self.name})
        assert told == {"sent": 1}


async def a_device(home: House, user: str, name: str, role: str = "client") -> Device:
    device = Device(user, name, await home.socket(token(user, role)))
    await device.publish()
    return device


def taken_over(device: Device, body: Any) -> vz.InboundGroupSession:
    message = vz.AnyOlmMessage.from_parts(body["kind"], urlsafe_b64decode(body["ciphertext"]))
    pre_key = message.to_pre_key()
    assert pre_key is not None
    _, plain = device.account.create_inbound_session(vz.Curve25519PublicKey.from_base64(body["sender"]), pre_key)
    key = json.loads(bytes(plain))["session_key"]
    return vz.InboundGroupSession(vz.SessionKey(key))


def sealed(group: vz.GroupSession, device: Device, text: str) -> dict[str, Any]:
    key = os.urandom(32)
    plain = json.dumps({"body": text, "commitment_key": urlsafe_b64encode(key).decode()})
    return {
        "alg": "megolm.v1",
        "device_id": device.name,
        "session_id": group.session_id,
        "ciphertext": group.encrypt(plain.encode()).to_base64(),
        "commitment": commitment(text, key),
    }


async def test_two_devices_talk_and_nobody_else_knows_what_they_say(home: House) -> None:
    with remembered_logs() as logs:
        ada, tess = await a_device(home, "ada", "phone"), await home.socket(token("tess", "therapist"))
        await ada.socket.ok("create_room", {"room_id": "quiet", "members": ["tess"], "e2ee": True, "accept": ALL})
        assert (await tess.error("join_room", {"room_id": "quiet"}))["details"]["reason"] == "accept"
        joined = await tess.ok("join_room", {"room_id": "quiet", "accept": ALL})
        assert joined["room"]["e2ee"] is True
        desk = Device("tess", "desk", tess)
        await desk.publish()
        assert (await ada.socket.next("devices_changed"))["user_id"] == "tess"
        group = vz.GroupSession()
        await ada.hand_over(group, "tess", "desk")
        handed = await tess.next("to_device")
        assert (handed["from"], handed["type"]) == ({"user_id": "ada", "device_id": "phone"}, "room_key")
        session = taken_over(desk, handed["body"])
        await tess.ok("ack_to_device", {"message_ids": [handed["message_id"]]})
        said = {"room_id": "quiet", "kind": "encrypted", "body": "", "encrypted": sealed(group, ada, CANARY)}
        await ada.socket.ok("message", said)
        message = await tess.next("message")
        opened = session.decrypt(vz.MegolmMessage.from_base64(message["encrypted"]["ciphertext"]))
        told = json.loads(bytes(opened.plaintext))
        assert (message["body"], told["body"]) == ("", CANARY)
        key = urlsafe_b64decode(told["commitment_key"])
        assert commitment(told["body"], key) == message["encrypted"]["commitment"]
        for collection in await home.database.list_collection_names():
            async for document in home.database[collection].find():
                assert CANARY not in repr(document), collection
        assert CANARY not in logs.getvalue()


async def test_nothing_is_said_in_clear_there_and_nothing_encrypted_elsewhere(home: House) -> None:
    ada = await a_device(home, "ada-1", "phone")
    await ada.socket.ok("create_room", {"room_id": "quiet-2", "members": ["tess"], "e2ee": True, "accept": ALL})
    await ada.socket.ok("create_room", {"room_id": "plain-2", "members": ["tess"]})
    encrypted = sealed(vz.GroupSession(), ada, "words")
    for bad in (
        {"room_id": "quiet-2", "body": "words"},
        {"room_id": "quiet-2", "kind": "encrypted", "body": "words", "encrypted": encrypted},
        {"room_id": "quiet-2", "kind": "encrypted", "body": "", "encrypted": encrypted, "attachments": [{"url": "x"}]},
        {"room_id": "quiet-2", "body": "", "encrypted": encrypted},
        {"room_id": "quiet-2", "kind": "encrypted", "body": "", "encrypted": encrypted, "mentions": ["tess"]},
        {"room_id": "plain-2", "kind": "encrypted", "body": "", "encrypted": encrypted},
    ):
        error = await ada.socket.error("message", bad)
        assert (error["code"], error["details"]["reason"]) == ("invalid_argument", "e2ee"), bad
    some = {"room_id": "quiet-3", "members": ["tess"], "e2ee": True, "accept": ALL[:3]}
    error = await ada.socket.error("create_room", some)
    assert (error["code"], error["details"]["reason"]) == ("failed_precondition", "accept")


async def test_keys_are_had_only_of_whom_one_shares_such_a_room_with(home: House) -> None:
    await a_device(home, "kim", "phone")
    eve = await home.socket(token("eve"))
    await eve.ok("create_room", {"room_id": "plain-4", "members": ["kim"]})
    asked = {"devices": [{"user_id": "kim", "device_id": "phone"}]}
    assert (await eve.error("get_device_keys", {"user_ids": ["kim"]}))["code"] == "not_found"
    assert (await eve.error("claim_keys", asked))["code"] == "not_found"
    message = {"user_id": "kim", "device_id": "phone", "type": "x", "body": {}}
    assert (await eve.error("send_to_device", {"messages": [message]}))["code"] == "not_found"
    await home.refused(404, "not_found", "GET", "/api/e2ee/devices?user_ids=kim", bearer=token("eve"))


async def test_who_claims_at_once_gets_each_key_once(home: House) -> None:
    await a_device(home, "ada-3", "phone")
    socket = home.clients[-1]
    await socket.ok("create_room", {"room_id": "quiet-5", "members": ["bob-3"], "e2ee": True, "accept": ALL})
    asked = {"devices": [{"user_id": "ada-3", "device_id": "phone"}]}
    found = await asyncio.gather(*(home.ok("POST", "/api/e2ee/claim", asked, bearer=token("bob-3")) for _ in range(8)))
    keys = [key["key_id"] for one in found for key in one["keys"]]
    assert len(keys) == len(set(keys)) == 5


async def test_what_waits_is_told_again_and_backups_come_back(home: House) -> None:
    ada = await a_device(home, "ada-4", "phone")
    bob = await a_device(home, "bob-4", "phone")
    await ada.socket.ok("create_room", {"room_id": "quiet-6", "members": ["bob-4"], "e2ee": True, "accept": ALL})
    message = {"user_id": "bob-4", "device_id": "phone", "type": "x", "body": {"a": 1}}
    await ada.socket.ok("send_to_device", {"messages": [message], "from_device": "phone"})
    await bob.socket.next("to_device", 2)  # nobody acknowledged the first
    waits = await home.ok("GET", "/api/e2ee/to-device?device_id=phone", bearer=token("bob-4"))
    (one,) = waits["messages"]
    await bob.socket.ok("ack_to_device", {"message_ids": [one["message_id"]]})

    async def empty() -> bool:
        return not (await bob.socket.ok("get_to_device", {"device_id": "phone"}))["messages"]

    await eventually(empty, "it still waits")
    assert await ada.socket.ok("put_key_backup", {"data": "c2VhbGVk"}) == {"version": 1}
    assert (await home.ok("GET", "/api/e2ee/backup", bearer=token("ada-4")))["data"] == "c2VhbGVk"
    await home.ok("DELETE", "/api/e2ee/backup", bearer=token("ada-4"))
    await home.refused(404, "not_found", "GET", "/api/e2ee/backup", bearer=token("ada-4"))


async def test_a_conversation_is_encrypted_where_that_is_offered_and_all_four_are_accepted(home: House) -> None:
    care = {"client_id": "cat-7", "therapist_id": "tess-7"}
    await home.ok("POST", "/api/care", care, bearer=home.admin())
    body = {"relation": "client_therapist", "with": "tess-7", "e2ee": True}
    path, cat = "/api/conversations", token("cat-7")
    problem = await home.refused(412, "failed_precondition", "POST", path, body | {"accept": ALL[:3]}, bearer=cat)
    assert problem["details"]["reason"] == "accept"
    asked = body | {"accept": ALL, "note": "Good morning"}
    problem = await home.refused(400, "invalid_argument", "POST", path, asked, bearer=cat)
    assert problem["details"]["reason"] == "e2ee"
    room = (await home.ok("POST", path, body | {"accept": ALL}, bearer=cat))["room"]
    assert (room["e2ee"], room["relation"]) == (True, "client_therapist")
    tess = await home.socket(token("tess-7", "therapist"))
    assert (await tess.error("join_room", {"room_id": room["room_id"]}))["details"]["reason"] == "accept"
    await tess.ok("join_room", {"room_id": room["room_id"], "accept": ALL})
    refused = {"relation": "therapist_therapist", "with": "eve-7", "e2ee": True, "accept": ALL}
    error = await tess.error("create_conversation", refused)
    assert (error["code"], error["details"]["reason"]) == ("permission_denied", "e2ee")


async def test_who_joins_late_reads_nothing_of_before_and_finds_the_past_in_a_backup(home: House) -> None:
    """The past is a device's to give: sealed by it, kept here, opened by whoever has the secret."""
    ada, bob = await a_device(home, "ada-8", "phone"), await a_device(home, "bob-8", "phone")
    await ada.socket.ok("create_room", {"room_id": "late", "members": ["bob-8"], "e2ee": True, "accept": ALL})
    await bob.socket.ok("join_room", {"room_id": "late", "accept": ALL})
    group = vz.GroupSession()
    inbound = vz.InboundGroupSession(group.session_key)
    said = {"room_id": "late", "kind": "encrypted", "body": ""}
    await ada.socket.ok("message", said | {"encrypted": sealed(group, ada, CANARY)})
    await ada.hand_over(group, "bob-8", "phone")
    session = taken_over(bob, (await bob.socket.next("to_device"))["body"])
    await ada.socket.ok("message", said | {"encrypted": sealed(group, ada, "from now on")})
    past, now = (await bob.socket.ok("history", {"room_id": "late"}))["messages"]
    with pytest.raises(vz.MegolmDecryptionException):
        session.decrypt(vz.MegolmMessage.from_base64(past["encrypted"]["ciphertext"]))
    opened = session.decrypt(vz.MegolmMessage.from_base64(now["encrypted"]["ciphertext"]))
    assert json.loads(bytes(opened.plaintext))["body"] == "from now on"
    secret = b"s" * 32
    await ada.socket.ok("put_key_backup", {"data": inbound.pickle(secret)})
    kept = (await home.ok("GET", "/api/e2ee/backup", bearer=token("ada-8")))["data"]
    recovered = vz.InboundGroupSession.from_pickle(kept, secret)
    found = recovered.decrypt(vz.MegolmMessage.from_base64(past["encrypted"]["ciphertext"]))
    assert json.loads(bytes(found.plaintext))["body"] == CANARY
