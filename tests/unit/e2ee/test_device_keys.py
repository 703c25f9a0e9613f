"""Keys of devices: each given out once, messages until they have arrived, the last three backups."""

from typing import Any

import pytest

from actors.devicekeys import commands as c
from actors.devicekeys.kind import DeviceKeysKind
from actors.devicekeys.records import BACKUPS, KEPT_MS, MOST_KEYS, DeviceKey
from actors.kernel.contract.entity import SYSTEM, Principal
from common.errors import Conflict, FailedPrecondition, NotFound, PermissionDenied
from tests.unit.rooms.harness import World

ADA = Principal("ada")
ENTITY = "devicekeys:ada"
PHONE = c.PutDevice(device="phone", curve25519="c", ed25519="e", signature="s")


def a_world(keys: int = 0, *, fallback: bool = False) -> World:
    world = World(DeviceKeysKind())
    world.do(ENTITY, PHONE, ADA)
    if keys or fallback:
        some = tuple(DeviceKey(f"k{at}", f"key {at}") for at in range(keys))
        world.do(
            ENTITY, c.PutKeys(device="phone", keys=some, fallback=DeviceKey("f", "last") if fallback else None), ADA
        )
    return world


def ask(world: World, command: Any, by: Principal = ADA) -> Any:
    return world.ask(ENTITY, command, by)


def test_each_key_is_given_out_once_then_the_fallback_again_and_again() -> None:
    world = a_world(100, fallback=True)
    claimed = [ask(world, c.ClaimKey(device="phone"), SYSTEM)["key"] for _ in range(200)]
    once = [one["key_id"] for one in claimed if not one["fallback"]]
    assert (len(once), len(set(once))) == (100, 100)
    assert {one["key_id"] for one in claimed[100:]} == {"f"}


def test_who_has_no_key_left_has_none() -> None:
    assert ask(a_world(), c.ClaimKey(device="phone"), SYSTEM)["key"] is None
    assert ask(a_world(), c.ClaimKey(device="none"), SYSTEM)["key"] is None


def test_a_device_keeps_its_identity() -> None:
    world = a_world(2)
    ask(world, PHONE)
    assert ask(world, c.ClaimKey(device="phone"), SYSTEM)["key"]["key_id"] == "k0"  # its keys stay
    with pytest.raises(Conflict):
        ask(world, c.PutDevice(device="phone", curve25519="other", ed25519="e", signature="s"))


def test_keys_that_are_known_are_no_more_keys_and_there_is_a_bound() -> None:
    world = a_world(3)
    again = c.PutKeys(device="phone", keys=(DeviceKey("k1", "key 1"), DeviceKey("new", "key")))
    assert ask(world, again)["one_time_keys"] == 4
    many = tuple(DeviceKey(f"m{at}", "key") for at in range(MOST_KEYS))
    with pytest.raises(FailedPrecondition):
        ask(world, c.PutKeys(device="phone", keys=many))
    with pytest.raises(NotFound):
        ask(world, c.PutKeys(device="none", keys=()))


def test_a_key_that_somebody_has_had_is_not_taken_again_when_its_device_repeats_itself() -> None:
    world = a_world(3)
    assert ask(world, c.ClaimKey(device="phone"), SYSTEM)["key"]["key_id"] == "k0"
    ask(world, PHONE)
    repeated = c.PutKeys(device="phone", keys=tuple(DeviceKey(f"k{at}", f"key {at}") for at in (0, 1, 2, 3, 3)))
    assert ask(world, repeated)["one_time_keys"] == 3
    claimed = [ask(world, c.ClaimKey(device="phone"), SYSTEM)["key"] for _ in range(4)]
    assert [one and one["key_id"] for one in claimed] == ["k1", "k2", "k3", None]


def test_nobody_touches_the_keys_of_somebody_else() -> None:
    for command in (PHONE, c.ClaimKey(device="phone"), c.GetBackup(), c.GetMessages(device="phone")):
        with pytest.raises(PermissionDenied):
            ask(a_world(1), command, Principal("eve", "admin"))


def send(world: World, text: bytes) -> Any:
    command = c.Send(device="phone", user="tess", sender="desk", kind="olm.v1", secret=text)
    return ask(world, command, SYSTEM)


def waiting(world: World) -> list[Any]:
    return list(ask(world, c.GetMessages(device="phone"))["messages"])


def test_a_message_waits_until_it_is_acknowledged_and_then_is_gone() -> None:
    world = a_world()
    assert send(world, b'{"a":1}')["known"]
    assert send(world, b'{"a":2}')["known"]
    first, second = waiting(world)
    assert (first["body"], first["from"], first["type"]) == (
        {"a": 1},
        {"user_id": "tess", "device_id": "desk"},
        "olm.v1",
    )
    ask(world, c.AckMessages(messages=(first["message_id"],)))
    assert waiting(world) == [second]
    ask(world, c.AckMessages(messages=(first["message_id"], "tdm_other")))  # again: nothing happens
    assert waiting(world) == [second]


def test_nothing_waits_for_a_device_that_is_not_there() -> None:
    world = a_world()
    other = c.Send(device="none", user="tess", sender="desk", kind="olm.v1", secret=b"{}")
    assert not ask(world, other, SYSTEM)["known"]
    send(world, b"{}")
    ask(world, c.DropDevices(devices=("phone",)), SYSTEM)
    assert waiting(world) == []
    assert ask(world, c.GetDevices(), SYSTEM)["devices"] == []


def test_the_last_three_backups_are_kept_and_who_did_not_see_the_newest_is_told() -> None:
    world = a_world()
    with pytest.raises(NotFound):
        ask(world, c.GetBackup())
    for at in range(5):
        ask(world, c.PutBackup(versions=(at,), secret=b"sealed %d" % at))
    assert ask(world, c.GetBackup()) == {"version": 5, "data": "sealed 4"}
    assert BACKUPS == 3
    for command in (c.PutBackup(versions=(2,), secret=b"x"), c.DropBackups((2, 4))):
        with pytest.raises(FailedPrecondition) as refused:
            ask(world, command)
        assert refused.value.details == {"reason": "version", "version": 5}
    ask(world, c.DropBackups((5,)))
    with pytest.raises(NotFound):
        ask(world, c.GetBackup())


def test_thirty_days_are_the_longest() -> None:
    assert KEPT_MS == 30 * 24 * 3600 * 1000
