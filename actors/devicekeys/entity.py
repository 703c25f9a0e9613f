"""The rules of somebody's keys. Each one-time key is given out once: a turn of this entity gives it, and no other."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import msgspec
from msgspec.structs import replace

from actors.devicekeys.commands import (
    AckMessages,
    ClaimKey,
    ClaimResult,
    DeviceKeysCommand,
    Devices,
    DropBackups,
    DropDevices,
    GetBackup,
    GetDevices,
    GetMessages,
    KnownDevice,
    PutBackup,
    PutDevice,
    PutKeys,
    QueuedMessage,
    RemindDevice,
    Send,
)
from actors.devicekeys.events import (
    BackupPut,
    BackupsDropped,
    DeviceKeysEvent,
    DevicePut,
    DeviceReminded,
    DevicesGone,
    KeyClaimed,
    KeysPut,
    MessageSent,
    MessagesHad,
)
from actors.devicekeys.records import (
    BACKUPS,
    KEPT_MS,
    MOST_DEVICES,
    MOST_HAD,
    MOST_KEYS,
    MOST_WAITING,
    Backup,
    ClaimedKey,
    Device,
    DeviceName,
    KeyCount,
    ShownDevice,
    ToDevice,
    Waiting,
)
from actors.kernel.contract.entity import Context, Decision, Query, SetTimer
from actors.kernel.contract.versions import require_version
from common.errors import Conflict, FailedPrecondition, NotFound, PermissionDenied, RateLimited
from common.ids import derived_id
from common.persons import NothingToTell

PAUSES_S: Final = (5, 30, 300, 3_600, 21_600)
"""After which what waits for a device is told again, and again; then once in six hours."""
_MOST_TOLD: Final = 50
_DONE: Final = NothingToTell()
_NOTHING: Final = Decision(_DONE)
_pack: Final = msgspec.msgpack.Encoder().encode
_to_json: Final = msgspec.json.Encoder().encode


class WaitingMessages(Query, frozen=True):
    """What lies in the events of these numbers."""

    seqs: tuple[int, ...]


class KeptBackup(Query, frozen=True):
    """What lies in the event of this number."""

    version: int
    seq: int


class KeyDirectory(msgspec.Struct, array_like=True):
    """All that is known. `backups`: versions, and the numbers of their events."""

    devices: dict[str, Device] = {}
    waiting: dict[str, tuple[Waiting, ...]] = {}
    backups: tuple[tuple[int, int], ...] = ()
    newest: int = 0


@dataclass(slots=True)
class DeviceKeys:
    """`id`: the user's."""

    id: str
    kept: KeyDirectory = field(default_factory=KeyDirectory)

    def decide(self, command: DeviceKeysCommand, context: Context, version: int) -> Decision:
        """See `Entity.decide`.

        Raises:
            NotFound: there is no such device, or no backup.
            Conflict: the device has another identity.
            FailedPrecondition: too many keys, or devices; or another backup is the newest.
            RateLimited: too much waits for a device.
            PermissionDenied: it is not theirs.
        """
        if not context.by.is_system and context.by.user != self.id:
            raise PermissionDenied("These are somebody else's keys.")
        match command:
            case PutDevice():
                return self._put_device(command, context.now_ms)
            case PutKeys():
                return self._put_keys(command)
            case GetDevices():
                return Decision(Devices(devices=[self._known(one) for one in self.kept.devices]))
            case ClaimKey():
                return self._claim(command)
            case Send():
                return self._send(command, context.now_ms, version)
            case GetMessages():
                waiting = self.kept.waiting.get(command.device, ())
                fresh = [one.seq for one in waiting if one.at > context.now_ms - KEPT_MS]
                return Decision(WaitingMessages(tuple(fresh[: command.limit])))
        return self._of_the_rest(command, context.parts, context.now_ms)

    def needs(self, command: object) -> tuple[str, ...]:
        """The messages that are told once more."""
        if not isinstance(command, RemindDevice):
            return ()
        return tuple(str(one.seq) for one in self.kept.waiting.get(command.device, ())[:_MOST_TOLD])

    def apply(self, event: DeviceKeysEvent, seq: int, at_ms: int) -> None:
        """See `Entity.apply`."""
        devices, waiting = self.kept.devices, self.kept.waiting
        match event:
            case DevicePut():
                before = devices.get(event.device)
                named = Device(event.curve25519, event.ed25519, event.signature, session=event.session, since=event.at)
                if before is not None:
                    named = replace(named, keys=before.keys, fallback=before.fallback, had=before.had)
                devices[event.device] = named
            case KeysPut():
                one = devices[event.device]
                fallback = event.fallback or one.fallback
                devices[event.device] = replace(one, keys=(*one.keys, *event.keys), fallback=fallback)
            case KeyClaimed():
                one = devices[event.device]
                left = tuple(key for key in one.keys if key.id != event.key)
                devices[event.device] = replace(one, keys=left, had=(*one.had, event.key)[-MOST_HAD:])
            case MessageSent():
                waiting[event.device] = (*waiting.get(event.device, ()), Waiting(event.id, seq, event.at))
            case MessagesHad():
                had = set(event.ids)
                for device in list(waiting):
                    waiting[device] = tuple(one for one in waiting[device] if one.id not in had)
            case DevicesGone():
                for device in event.devices:
                    devices.pop(device, None)
                    waiting.pop(device, None)
            case BackupPut():
                kept = tuple(one for one in self.kept.backups if one[1] not in event.gone)
                self.kept.backups, self.kept.newest = (*kept, (event.version, seq)), event.version
            case BackupsDropped():
                self.kept.backups = ()

    def _of_the_rest(
        self, command: DeviceKeysCommand, parts: Mapping[str, MessageSent | None], now_ms: int
    ) -> Decision:
        match command:
            case AckMessages():
                return self._had(set(command.messages))
            case PutBackup():
                return self._put_backup(command)
            case GetBackup():
                if not self.kept.backups:
                    raise NotFound("There is no backup.")
                number, seq = self.kept.backups[-1]
                return Decision(KeptBackup(number, seq))
            case DropBackups() if self.kept.backups:
                require_version(command.versions, self.kept.newest)
                gone = tuple(seq for _, seq in self.kept.backups)
                return Decision(_DONE, events=(BackupsDropped(author=self.id, gone=gone),))
            case DropDevices():
                return self._drop(command)
            case RemindDevice():
                return self._remind(command, parts, now_ms)
        return _NOTHING

    def _put_device(self, command: PutDevice, now_ms: int) -> Decision:
        before = self.kept.devices.get(command.device)
        named = (command.curve25519, command.ed25519)
        if before is not None and (before.curve25519, before.ed25519) != named:
            raise Conflict("This device has other keys. A device that begins anew takes another id.")
        if before is None and len(self.kept.devices) >= MOST_DEVICES:
            raise FailedPrecondition(f"You can have {MOST_DEVICES} devices.")
        event = DevicePut(
            author=self.id,
            device=command.device,
            curve25519=command.curve25519,
            ed25519=command.ed25519,
            signature=command.signature,
            session=command.session,
            fresh=before is None,
            at=now_ms,
        )
        shown = ShownDevice(
            user_id=self.id,
            device_id=command.device,
            curve25519=command.curve25519,
            ed25519=command.ed25519,
            signature=command.signature,
        )
        return Decision(shown, events=(event,))

    def _put_keys(self, command: PutKeys) -> Decision:
        one = self._device(command.device)
        known = {*one.had, *(key.id for key in one.keys)}
        fresh = tuple({key.id: key for key in command.keys if key.id not in known}.values())
        if len(one.keys) + len(fresh) > MOST_KEYS:
            raise FailedPrecondition(f"A device has at most {MOST_KEYS} keys that nobody has had.")
        event = KeysPut(author=self.id, device=command.device, keys=fresh, fallback=command.fallback)
        return Decision(
            KeyCount(device_id=command.device, one_time_keys=len(one.keys) + len(fresh)),
            events=(event,) if fresh or command.fallback else (),
        )

    def _claim(self, command: ClaimKey) -> Decision:
        one = self.kept.devices.get(command.device)
        if one is None or not (one.keys or one.fallback):
            return Decision(ClaimResult(key=None))
        key = one.keys[0] if one.keys else one.fallback
        assert key is not None
        claimed = ClaimedKey(
            user_id=self.id, device_id=command.device, key_id=key.id, key=key.key, fallback=not one.keys
        )
        event = KeyClaimed(author=self.id, device=command.device, key=key.id)
        return Decision(ClaimResult(key=claimed), events=(event,) if one.keys else ())

    def _send(self, command: Send, now_ms: int, version: int) -> Decision:
        if command.device not in self.kept.devices:
            return Decision(QueuedMessage(known=False))
        waiting = self.kept.waiting.get(command.device, ())
        old = tuple(one for one in waiting if one.at <= now_ms - KEPT_MS)
        if len(waiting) - len(old) >= MOST_WAITING:
            raise RateLimited("Too much waits for this device.", retry_after_s=60.0)
        event = MessageSent(
            author=self.id,
            secret=command.secret,
            device=command.device,
            id=derived_id("tdm", now_ms, f"{self.id}#{version + 1}"),
            user=command.user,
            sender=command.sender,
            kind=command.kind,
            at=now_ms,
        )
        gone = [_forgotten(self.id, old)] if old else []
        timers = () if waiting else (_timer(command.device, 0, now_ms),)
        return Decision(QueuedMessage(known=True), events=(event, *gone), timers=timers)

    def _had(self, ids: set[str]) -> Decision:
        had = tuple(one for waiting in self.kept.waiting.values() for one in waiting if one.id in ids)
        return Decision(_DONE, events=(_forgotten(self.id, had),)) if had else _NOTHING

    def _put_backup(self, command: PutBackup) -> Decision:
        require_version(command.versions, self.kept.newest)
        gone = tuple(seq for _, seq in self.kept.backups[: 1 - BACKUPS]) if len(self.kept.backups) >= BACKUPS else ()
        event = BackupPut(author=self.id, secret=command.secret, version=self.kept.newest + 1, gone=gone)
        return Decision(Backup(version=event.version, data=""), events=(event,))

    def _drop(self, command: DropDevices) -> Decision:
        named = command.devices or tuple(
            name for name, one in self.kept.devices.items() if not command.session or one.session == command.session
        )
        gone = tuple(name for name in named if name in self.kept.devices)
        seqs = tuple(one.seq for name in gone for one in self.kept.waiting.get(name, ()))
        return Decision(_DONE, events=(DevicesGone(author=self.id, devices=gone, seqs=seqs),)) if gone else _NOTHING

    def _remind(self, command: RemindDevice, parts: Mapping[str, MessageSent | None], now_ms: int) -> Decision:
        """What waits is told again. What has waited for too long is forgotten."""
        waiting = self.kept.waiting.get(command.device, ())
        old = tuple(one for one in waiting if one.at <= now_ms - KEPT_MS)
        fresh = waiting[len(old) :][:_MOST_TOLD]
        events = (_forgotten(self.id, old),) if old else ()
        if not fresh:
            return Decision(_DONE, events=events)
        again = _timer(command.device, command.again + 1, now_ms)
        told = [shown(found) for one in fresh if (found := parts.get(str(one.seq))) is not None]
        note = DeviceReminded(author=self.id, secret=_to_json(told), device=command.device)
        return Decision(_DONE, events=events, notes=(note,) if told else (), timers=(again,))

    def _device(self, device: str) -> Device:
        found = self.kept.devices.get(device)
        if found is None:
            raise NotFound("There is no such device.")
        return found

    def _known(self, device: str) -> KnownDevice:
        one = self.kept.devices[device]
        return KnownDevice(device=self._shown(device), session=one.session, since=one.since)

    def _shown(self, device: str) -> ShownDevice:
        one = self.kept.devices[device]
        return ShownDevice(
            user_id=self.id,
            device_id=device,
            curve25519=one.curve25519,
            ed25519=one.ed25519,
            signature=one.signature,
        )


def shown(event: MessageSent) -> ToDevice:
    """A message as its device gets it. Without its body, should that be gone."""
    return ToDevice(
        message_id=event.id,
        device_id=event.device,
        sender=DeviceName(user_id=event.user, device_id=event.sender),
        type=event.kind,
        body=msgspec.Raw(event.secret or b"{}"),
    )


def _forgotten(user: str, some: tuple[Waiting, ...]) -> MessagesHad:
    return MessagesHad(author=user, ids=tuple(one.id for one in some), seqs=tuple(one.seq for one in some))


def _timer(device: str, again: int, now_ms: int) -> SetTimer:
    pause_s = PAUSES_S[min(again, len(PAUSES_S) - 1)]
    return SetTimer(
        f"remind|{device}|{again}|{now_ms}", now_ms + pause_s * 1000, _pack(RemindDevice(device=device, again=again))
    )
