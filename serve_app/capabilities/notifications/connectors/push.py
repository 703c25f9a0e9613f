"""What the connectors of all push services have in common. Pure.

A payload is `{v: 1, n, d, t, u}`, and what may be shown: n is the number of the notification, d names the delivery, t
is the category, u the urgency, k what to do where that is not to show something, p what an app repeats.
"""

import base64
import hashlib
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from actors.notifications.activities import ApnsAddress, FcmAddress, Push, Pushed, WebPushAddress
from serve_app.activities.connector import Call, Unreadable

MOST_BYTES: Final = 3800
"""Of a payload. Browsers' services take 3,993 (RFC 8291, 4); Apple's and Google's 4,096, with what surrounds it."""
LONGEST_LIFE_S: Final = 28 * 86_400
"""So long services keep a push at most."""
ACCEPTED: Final = msgspec.msgpack.encode(Pushed())
_decode: Final = msgspec.msgpack.Decoder(Push).decode
_json: Final = msgspec.json.Encoder().encode
_MORE: Final = "…"


def read_push(call: Call, address: type[WebPushAddress] | type[FcmAddress] | type[ApnsAddress]) -> Push:
    """The push that a call is about.

    Raises:
        Unreadable: it is none, or none of this service.
    """
    try:
        push = _decode(call.payload)
    except msgspec.MsgspecError as error:
        raise Unreadable("This is no push.") from error
    if not isinstance(push.to, address):
        raise Unreadable("This push is for another service.")
    return push


def members(push: Push, *, bare: bool = False) -> dict[str, str | int]:
    """The payload as an object of at most `MOST_BYTES`; a text that is too long is cut. `bare`: without text."""
    found: dict[str, str | int] = {
        "v": 1,
        "n": push.seq,
        "d": push.delivery,
        "t": push.category,
        "u": push.urgency,
    }
    if push.kind != "show":
        found["k"] = push.kind
    if push.proof:
        found["p"] = push.proof
    if bare or not push.title:
        return found
    return fitted(push.body, lambda body: found | {"title": push.title, "body": body}) or found


def fitted(body: str, make: Callable[[str], dict[str, Any]]) -> dict[str, Any] | None:
    """What `make` makes of the body, or of as much of it as fits into `MOST_BYTES`. None: it does not fit without."""
    whole = make(body)
    excess = len(_json(whole)) - MOST_BYTES
    if excess > 0:
        whole = make(_shortened(body, excess))
    return whole if len(_json(whole)) <= MOST_BYTES else None


def payload_of(push: Push, *, bare: bool = False) -> bytes:
    """The payload as JSON."""
    return _json(members(push, bare=bare))


def as_texts(found: Mapping[str, str | int]) -> dict[str, str]:
    """The same for services that carry nothing but texts."""
    return {name: str(value) for name, value in found.items()}


def topic_of(push: Push, address: str) -> str:
    """32 characters that stand for the topic at one address, and tell nobody what it is; "": it has none."""
    if not push.topic:
        return ""
    digest = hashlib.sha256(f"{address}\0{push.topic}".encode()).digest()
    return base64.urlsafe_b64encode(digest[:24]).decode()


def life_s(push: Push, now_ms: int) -> int:
    """For how many seconds a service may keep it for a device that it cannot reach."""
    if not push.expires_at_ms:
        return LONGEST_LIFE_S
    return min(max(0, (push.expires_at_ms - now_ms) // 1000), LONGEST_LIFE_S)


def gone(at_ms: int = 0) -> bytes:
    """The device is none any more."""
    return msgspec.msgpack.encode(Pushed(gone=True, gone_at_ms=at_ms))


def accepted(id_: str) -> bytes:
    """The service has it, and calls it so."""
    return msgspec.msgpack.encode(Pushed(id=id_))


def _shortened(text: str, by: int) -> str:
    """`text` without so many bytes of its JSON, and a sign that there was more. Between two characters."""
    room = len(_json(text)) - 2 - by - len(_MORE.encode())
    kept, used = 0, 0
    for character in text:
        used += len(_json(character)) - 2
        if used > room:
            break
        kept += 1
    return text[:kept] + _MORE if kept else ""
