"""Every operation of devices that are pushed to, and of their workers."""

import re
from base64 import urlsafe_b64decode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from secrets import token_urlsafe
from typing import Any, Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey

from actors.notifications.activities import Address, ApnsAddress, FcmAddress, Service, WebPushAddress
from actors.notifications.notifier import device_commands
from actors.notifications.notifier.device_answers import DeviceAnswer, DevicesAnswer, WireDevice
from common.clock import Clock
from common.errors import FailedPrecondition, InvalidArgument
from common.ids import new_id
from common.persons import NothingToTell
from common.timeline import zone_of
from serve_app.capabilities.notifications import examples, requests
from serve_app.capabilities.notifications.connectors.endpoints import endpoint_of
from serve_app.capabilities.notifications.pull_tokens import PullTokens
from serve_app.capabilities.notifications.service import Notifications
from serve_app.capabilities.notifications.worker_operations import WorkerOperations
from serve_app.edge.operation import Caller, Operation, Rest

_TAG: Final = "push"
_POINT_BYTES: Final = 65
_AUTH_BYTES: Final = 16
_PROOF_BYTES: Final = 16
_FIELD: Final = "subscription.keys"
_LONGEST_APPLE: Final = 200
_APPLE: Final = re.compile(r"[A-Za-z0-9_-]+")
_HEXADECIMAL: Final = re.compile(r"[0-9A-Fa-f]+")


class RegisteredDevice(msgspec.Struct, frozen=True):
    """The device, and the token with which its worker pulls."""

    device: WireDevice
    pull_token: str


class PushKey(msgspec.Struct, frozen=True):
    """The key that browsers subscribe with: an uncompressed point of P-256, base64url."""

    public_key: str
    key_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PushOptions:
    """What registering needs to know. `hosts`: of browsers' services that are called; `key`: the newest of ours, and
    `key_ids` all of them; `prove`: apps show that they hold their tokens."""

    hosts: Sequence[str]
    key: PushKey
    key_ids: frozenset[str]
    tokens: PullTokens
    prove: bool = False


class DeviceOperations:
    """One a process that serves clients."""

    def __init__(self, service: Notifications, options: PushOptions, clock: Clock) -> None:
        self._service = service
        self._options = options
        self._clock = clock

    def __iter__(self) -> Iterator[Operation[Any]]:
        yield Operation(
            name="push_key",
            action="push.register",
            request=requests.PushKeyRequest,
            call=self._key,
            rest=Rest("GET", "/api/push/vapid-key", tag=_TAG),
            limit="read",
            response=PushKey,
            example=examples.PUSH_KEY,
            description="The key that a browser subscribes with.",
        )
        yield Operation(
            name="register_push_subscription",
            action="push.register",
            request=requests.RegisterSubscription,
            call=self._subscribe,
            rest=Rest(
                "POST",
                "/api/push/subscriptions",
                status=201,
                tag=_TAG,
                aliases=("/api/notifications/push-subscriptions",),
            ),
            limit="write",
            response=RegisteredDevice,
            example=examples.SUBSCRIBE,
            description="Push to this browser. The same endpoint again is the same device; of somebody else, it "
            "becomes the caller's.",
        )
        yield Operation(
            name="register_push_token",
            action="push.register",
            request=requests.RegisterToken,
            call=self._register_token,
            rest=Rest("POST", "/api/mobile/push-token", status=201, tag=_TAG, aliases=("/api/push/tokens",)),
            limit="write",
            response=RegisteredDevice,
            example=examples.REGISTER_TOKEN,
            description="Push to this app. The same token again is the same device; of somebody else, it becomes the "
            "caller's.",
        )
        yield Operation(
            name="list_push_devices",
            action="push.register",
            request=requests.ListDevicesRequest,
            call=lambda _, caller: self._service.devices(caller.by.user, by=caller.by, trace=caller.trace),
            rest=Rest("GET", "/api/push/devices", tag=_TAG),
            limit="read",
            response=DevicesAnswer,
            example=examples.DEVICES,
            description="One's own devices, those that are gone as well.",
        )
        yield Operation(
            name="remove_push_device",
            action="push.register",
            request=requests.OfDevice,
            call=lambda request, caller: self._ask(device_commands.RemoveDevice(request.device_id), caller),
            rest=Rest("DELETE", "/api/push/devices/{device_id}", tag=_TAG),
            limit="write",
            response=NothingToTell,
            resource=("device_id",),
            example=examples.OF_DEVICE,
            description="Push to it no more.",
        )
        yield Operation(
            name="test_push_device",
            action="push.register",
            request=requests.OfDevice,
            call=lambda request, caller: self._ask(device_commands.TryDevice(request.device_id), caller),
            rest=Rest("POST", "/api/push/devices/{device_id}/test", tag=_TAG),
            limit="write",
            response=NothingToTell,
            resource=("device_id",),
            refuses=(FailedPrecondition,),
            example=examples.OF_DEVICE,
            description="Push something to it that shows that it works.",
        )
        yield Operation(
            name="prove_push_token",
            action="push.register",
            request=requests.ProvePushToken,
            call=lambda request, caller: self._ask(
                device_commands.ProveDevice(request.device_id, request.proof), caller
            ),
            rest=Rest("POST", "/api/mobile/push-token/prove", tag=_TAG),
            limit="write",
            response=DeviceAnswer,
            refuses=(FailedPrecondition,),
            example=examples.PROVE,
            description="Repeat what the device was pushed (`p`): it is active from then on. Asked for where "
            "CAREWIRE_PUSH__PROVE_TOKENS is set; a device that does not within a day is told nothing.",
        )
        yield Operation(
            name="push_permission",
            action="push.register",
            request=requests.PushPermission,
            call=lambda request, caller: self._ask(
                device_commands.NotePermission(request.device_id, request.state), caller
            ),
            rest=Rest("POST", "/api/push/permission", tag=_TAG),
            limit="write",
            response=NothingToTell,
            example=examples.PERMISSION,
            description="What the device's system says about notifications. While it is `denied`, nothing is pushed "
            "there.",
        )
        yield from WorkerOperations(self._service, self._options.tokens)

    async def _key(self, _: requests.PushKeyRequest, __: Caller) -> PushKey:
        return self._options.key

    async def _subscribe(self, request: requests.RegisterSubscription, caller: Caller) -> RegisteredDevice:
        subscription = request.subscription
        endpoint = endpoint_of(subscription.endpoint, self._options.hosts).url
        if request.key_id is not None and request.key_id not in self._options.key_ids:
            raise InvalidArgument("key_id is none of our keys.", details={"field": "key_id"})
        address = WebPushAddress(
            endpoint=endpoint,
            p256dh=_point(subscription.keys.p256dh),
            auth=_bytes(subscription.keys.auth, _AUTH_BYTES, "auth"),
            key_id=request.key_id or self._options.key.key_id,
        )
        return await self._register(
            caller=caller,
            service="webpush",
            platform="web",
            named=endpoint,
            address=address,
            request=request,
            permission=request.permission or "",
        )

    async def _register_token(self, request: requests.RegisterToken, caller: Caller) -> RegisteredDevice:
        address: Address
        service: Service
        voip = request.platform == "ios_voip"  # each push to it rings, so none may ask it for something else
        proof = token_urlsafe(_PROOF_BYTES) if self._options.prove and not voip else ""
        if voip or request.platform == "ios":
            sandbox = request.environment == "sandbox"
            service = "apns"
            address = ApnsAddress(token=_apple(request.token), voip=voip, sandbox=sandbox, proof=proof)
        else:
            service = "fcm"
            address = FcmAddress(
                token=request.token, platform="web" if request.platform == "web" else "android", proof=proof
            )
        return await self._register(
            caller=caller,
            service=service,
            platform=request.platform,
            named=request.token,
            address=address,
            request=request,
            app_version=request.app_version or "",
            prove=bool(proof),
        )

    async def _register(
        self,
        caller: Caller,
        service: Service,
        platform: str,
        named: str,
        address: Address,
        request: requests.RegisterSubscription | requests.RegisterToken,
        *,
        permission: str = "",
        app_version: str = "",
        prove: bool = False,
    ) -> RegisteredDevice:
        if request.tz:
            zone_of(request.tz)
        user = caller.by.user
        command = device_commands.RegisterDevice(
            mark=blake2b(f"{service}\0{named}".encode(), digest_size=16).hexdigest(),
            device_id=request.device_id or new_id("dev", self._clock.platform_ms()),
            service=service,
            platform=platform,
            session=caller.session,
            locale=request.locale or "",
            tz=request.tz or "",
            permission=permission,
            app_version=app_version,
            prove=prove,
            secret=msgspec.msgpack.encode(address),
        )
        answer = await self._service.register(user, command, by=caller.by, trace=caller.trace)
        return RegisteredDevice(answer.device, self._options.tokens.make(user, answer.device.device_id))

    async def _ask(self, command: Any, caller: Caller) -> Any:
        return await self._service.ask(caller.by.user, command, by=caller.by, trace=caller.trace)


def _point(text: str) -> bytes:
    """A point of P-256, uncompressed. Raises InvalidArgument: it is none, or the one at infinity."""
    raw = _bytes(text, _POINT_BYTES, "p256dh")
    try:
        EllipticCurvePublicKey.from_encoded_point(SECP256R1(), raw)
    except ValueError:
        raise InvalidArgument("p256dh is no point of the curve.", details={"field": f"{_FIELD}.p256dh"}) from None
    return raw


def _bytes(text: str, length: int, name: str) -> bytes:
    try:
        raw = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (ValueError, UnicodeError):
        raw = b""
    if len(raw) != length:
        raise InvalidArgument(f"{name} is {length} bytes, base64url.", details={"field": f"{_FIELD}.{name}"})
    return raw


def _apple(token: str) -> str:
    """A device token of Apple, which stands in an address: letters and digits, today hexadecimal ones, in one spelling.
    Raises InvalidArgument: it is none."""
    if len(token) > _LONGEST_APPLE or _APPLE.fullmatch(token) is None:
        raise InvalidArgument("token is a device token: letters and digits.", details={"field": "token"})
    return token.lower() if _HEXADECIMAL.fullmatch(token) else token
