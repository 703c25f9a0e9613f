"""What is on its way to a device is told to its person's sockets, sealed on the way, until it is there."""

import msgspec

from actors.devicekeys.events import DeviceKeysEvent, DeviceReminded, MessageSent
from actors.inboxes.commands import Whisper
from actors.kernel.contract.entity import Letter, Recorded
from actors.kernel.contract.reactions import owed_by
from tests.unit.workflows.test_table import RULES

TOLD = {"tell_device", "remind_device"}
BODY = b'{"ciphertext":"AwogLpQ8"}'


def letters(rule: str, event: DeviceKeysEvent) -> list[Letter]:
    return [one for _, one in owed_by([RULES[rule]], "devicekeys:ada", Recorded(7, 1, 3, event), "7").letters]


def sent(secret: bytes | None) -> MessageSent:
    return MessageSent(
        author="ada", secret=secret, device="phone", id="tdm_1", user="tess", sender="desk", kind="olm.v1", at=1
    )


def test_a_message_is_whispered_and_its_body_travels_sealed() -> None:
    (letter,) = letters("tell_device", sent(BODY))
    assert (letter.to, letter.owner) == ("user:ada", "ada")
    assert b"Awog" not in letter.command
    assert msgspec.msgpack.decode(letter.command, type=Whisper).name == "to_device"
    assert letter.secret is not None
    assert msgspec.json.decode(letter.secret) == {
        "message_id": "tdm_1",
        "device_id": "phone",
        "from": {"user_id": "tess", "device_id": "desk"},
        "type": "olm.v1",
        "body": msgspec.json.decode(BODY),
    }


def test_what_waits_is_told_again_one_by_one() -> None:
    found = letters("remind_device", DeviceReminded(author="ada", secret=b'[{"a":1},{"a":2}]', device="phone"))
    assert [one.secret for one in found] == [b'{"a":1}', b'{"a":2}']


def test_of_what_is_gone_nobody_is_told() -> None:
    assert letters("tell_device", sent(None)) == []
    assert letters("remind_device", DeviceReminded(author="ada", secret=None, device="phone")) == []
