"""Every operation of keys."""

from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final

import msgspec

from actors.devicekeys import commands
from actors.devicekeys.records import Backup, KeyCount, ShownDevice
from common.errors import Conflict, FailedPrecondition, InvalidArgument, NotFound
from common.persons import NothingToTell
from serve_app.capabilities.e2ee import requests
from serve_app.capabilities.e2ee.server_events import TO_DEVICE
from serve_app.capabilities.e2ee.service import DeviceDirectory
from serve_app.edge.operation import Answer, Caller, Example, Operation, Rest

_PATH: Final = "/api/e2ee"
_TAG: Final = "e2ee"
_KEY: Final = "wFtiPHt8LZeKyvJ8v6vBjQ6FYb3PZB4Lk2lZ4mVb0Xc"
_KEYS: Final = {"device_id": "phone", "curve25519": _KEY, "ed25519": _KEY, "signature": _KEY * 2}
_DEVICE: Final[dict[str, Any]] = {"user_id": "usr_ada", **_KEYS}
_OF: Final = {"user_id": "usr_ada", "device_id": "phone"}


class KeyOperations:
    """One a process."""

    def __init__(self, directory: DeviceDirectory) -> None:
        self._directory = directory

    def __iter__(self) -> Iterator[Operation[Any]]:
        yield from self._keys()
        yield from self._messages()
        yield from self._backups()

    def _keys(self) -> Iterator[Operation[Any]]:
        yield _operation(
            name="put_device_keys",
            action="e2ee.keys",
            request=requests.PutDeviceKeys,
            call=self._put,
            rest=Rest("PUT", f"{_PATH}/devices/{{device_id}}", tag=_TAG),
            response=ShownDevice,
            example=Example(_KEYS, _DEVICE),
            description="The keys by which others know a device of mine. They never change under one id.",
        )
        yield _operation(
            name="get_device_keys",
            action="e2ee.read",
            request=requests.GetDeviceKeys,
            call=self._get,
            rest=Rest("GET", f"{_PATH}/devices", tag=_TAG),
            response=requests.DeviceList,
            example=Example({"user_ids": ["usr_ada"]}, {"devices": [_DEVICE]}),
            description="The devices of people with whom one shares an encrypted room.",
            reads=True,
        )
        yield _operation(
            name="put_one_time_keys",
            action="e2ee.keys",
            request=requests.PutOneTimeKeys,
            call=self._put_keys,
            rest=Rest("POST", f"{_PATH}/devices/{{device_id}}/keys", tag=_TAG),
            response=KeyCount,
            example=Example(
                {"device_id": "phone", "keys": [{"key_id": "AAAAAQ", "key": _KEY}]},
                {"device_id": "phone", "one_time_keys": 1},
            ),
            description="Keys that are each given out once; the fallback when there are none left.",
        )
        yield _operation(
            name="claim_keys",
            action="e2ee.read",
            request=requests.ClaimKeys,
            call=self._claim,
            rest=Rest("POST", f"{_PATH}/claim", tag=_TAG),
            response=requests.ClaimedKeys,
            example=Example(
                {"devices": [_OF]}, {"keys": [{**_OF, "key_id": "AAAAAQ", "key": _KEY, "fallback": False}]}
            ),
            description="A key of each of these devices, for nobody else; the fallback, where there are none left.",
        )

    def _messages(self) -> Iterator[Operation[Any]]:
        body = {"ciphertext": "AwogLpQ8"}
        yield _operation(
            name="send_to_device",
            action="e2ee.send",
            request=requests.SendToDevice,
            call=self._send,
            rest=Rest("POST", f"{_PATH}/to-device", tag=_TAG),
            response=requests.SentToDevices,
            example=Example(
                {"messages": [{**_OF, "type": "olm.v1", "body": body}], "from_device": "desk"}, {"sent": 1}
            ),
            description="Messages to devices. Each is told until it is acknowledged, for 30 days at most.",
        )
        yield _operation(
            name="get_to_device",
            action="e2ee.keys",
            request=requests.GetToDevice,
            call=self._waiting,
            rest=Rest("GET", f"{_PATH}/to-device", tag=_TAG),
            response=requests.ToDevicePage,
            example=Example({"device_id": "phone"}, {"messages": [TO_DEVICE]}),
            description="What waits for a device of mine, the oldest first.",
            reads=True,
        )
        yield _operation(
            name="ack_to_device",
            action="e2ee.keys",
            request=requests.AckToDevice,
            call=self._ack,
            rest=Rest("POST", f"{_PATH}/to-device/ack", tag=_TAG),
            response=NothingToTell,
            example=Example({"message_ids": [TO_DEVICE["message_id"]]}, {}),
            description="My devices have these.",
        )

    def _backups(self) -> Iterator[Operation[Any]]:
        path = f"{_PATH}/backup"
        yield _operation(
            name="put_key_backup",
            action="e2ee.backup",
            request=requests.PutKeyBackup,
            call=self._put_backup,
            rest=Rest("PUT", path, tag=_TAG),
            response=requests.BackupVersion,
            example=Example({"data": "c2VhbGVk"}, {"version": 1}),
            description="Keep a backup that a device of mine has sealed. The last three are kept.",
            versioned=True,
        )
        yield _operation(
            name="get_key_backup",
            action="e2ee.backup",
            request=requests.OfBackup,
            call=self._get_backup,
            rest=Rest("GET", path, tag=_TAG),
            response=Backup,
            example=Example({}, {"version": 1, "data": "c2VhbGVk"}),
            description="My newest backup.",
            reads=True,
            versioned=True,
        )
        yield _operation(
            name="delete_key_backup",
            action="e2ee.backup",
            request=requests.DropKeyBackup,
            call=self._drop_backup,
            rest=Rest("DELETE", path, tag=_TAG),
            response=NothingToTell,
            example=Example({}, {}),
            description="Keep none of my backups.",
            versioned=True,
        )

    async def _put(self, request: requests.PutDeviceKeys, caller: Caller) -> ShownDevice:
        command = commands.PutDevice(
            device=request.device_id,
            curve25519=request.curve25519,
            ed25519=request.ed25519,
            signature=request.signature,
            session=caller.session,
        )
        return await self._directory.put(command, caller.by, caller.trace)

    async def _get(self, request: requests.GetDeviceKeys, caller: Caller) -> requests.DeviceList:
        return requests.DeviceList(devices=await self._directory.of(request.user_ids, caller.by, caller.trace))

    async def _put_keys(self, request: requests.PutOneTimeKeys, caller: Caller) -> KeyCount:
        command = commands.PutKeys(
            device=request.device_id,
            keys=tuple(one.kept() for one in request.keys),
            fallback=None if request.fallback is None else request.fallback.kept(),
        )
        return await self._directory.ask(caller.by.user, command, by=caller.by, trace=caller.trace)

    async def _claim(self, request: requests.ClaimKeys, caller: Caller) -> requests.ClaimedKeys:
        return requests.ClaimedKeys(keys=await self._directory.claim(request.devices, caller.by, caller.trace))

    async def _send(self, request: requests.SendToDevice, caller: Caller) -> requests.SentToDevices:
        if any(len(msgspec.json.encode(one.body)) > requests.LARGEST_BODY for one in request.messages):
            raise InvalidArgument(f"A body has at most {requests.LARGEST_BODY} bytes.", details={"field": "messages"})
        device = request.from_device or caller.device
        sent = await self._directory.send(request.messages, device, caller.by, caller.trace)
        return requests.SentToDevices(sent=sent)

    async def _waiting(self, request: requests.GetToDevice, caller: Caller) -> requests.ToDevicePage:
        command = commands.GetMessages(device=request.device_id, limit=request.limit)
        found = await self._directory.ask(caller.by.user, command, by=caller.by, trace=caller.trace)
        return requests.ToDevicePage(messages=found.messages)

    async def _ack(self, request: requests.AckToDevice, caller: Caller) -> NothingToTell:
        command = commands.AckMessages(messages=tuple(request.message_ids))
        return await self._directory.ask(caller.by.user, command, by=caller.by, trace=caller.trace)

    async def _put_backup(self, request: requests.PutKeyBackup, caller: Caller) -> requests.BackupVersion:
        command = commands.PutBackup(secret=request.data.encode(), versions=caller.versions)
        kept = await self._directory.ask(caller.by.user, command, by=caller.by, trace=caller.trace)
        return requests.BackupVersion(version=kept.version)

    async def _get_backup(self, _: requests.OfBackup, caller: Caller) -> Backup:
        return await self._directory.ask(caller.by.user, commands.GetBackup(), by=caller.by, trace=caller.trace)

    async def _drop_backup(self, _: requests.DropKeyBackup, caller: Caller) -> NothingToTell:
        command = commands.DropBackups(caller.versions)
        return await self._directory.ask(caller.by.user, command, by=caller.by, trace=caller.trace)


def _operation(
    name: str,
    action: str,
    request: type[Any],
    call: Callable[[Any, Caller], Awaitable[Answer]],
    rest: Rest,
    response: type[Any],
    example: Example,
    description: str,
    *,
    reads: bool = False,
    versioned: bool = False,
) -> Operation[Any]:
    return Operation(
        name=name,
        action=action,
        request=request,
        call=call,
        rest=rest,
        limit="read" if reads else "write",
        response=response,
        refuses=(NotFound, Conflict, FailedPrecondition),
        example=example,
        description=description,
        versioned=versioned,
    )
