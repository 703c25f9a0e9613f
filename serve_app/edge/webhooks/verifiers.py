"""Signatures as partners make them: HMAC over the raw bytes. Several secrets may be valid, so they can be changed."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from common.errors import InvalidArgument

WINDOW_S: Final = 300.0
"""How far the time that was signed may be from ours, both ways: what is older may have been recorded by somebody."""
_LONGEST_TIME: Final = 15  # digits


@dataclass(frozen=True, slots=True)
class TimedSignature:
    """`t=<seconds>,v1=<hex>[,v1=<hex>]` in one header: HMAC-SHA256 of `<t>.<body>`, as Stripe makes it
    (https://docs.stripe.com/webhooks#verify-manually). Any of the signatures may match any of the secrets."""

    secrets: Sequence[bytes]
    header: str = "stripe-signature"
    window_s: float = WINDOW_S

    def verify(self, headers: Mapping[str, str], raw: bytes, now_ms: int) -> None:
        pairs = [part.strip().partition("=") for part in headers.get(self.header, "").split(",")]
        times = [value for name, _, value in pairs if name == "t"]
        given = [value for name, _, value in pairs if name == "v1"]
        if len(times) != 1 or not given:
            raise wrong_signature()
        text = times[0].encode() + b"." + raw
        if not _matches(self.secrets, text, [_unhex(one) for one in given]):
            raise wrong_signature()
        check_time(times[0], now_ms, self.window_s)


@dataclass(frozen=True, slots=True)
class PlainSignature:
    """HMAC-SHA256 of the body in a header of its own, in hex or base64, perhaps behind a prefix (`sha256=`). With
    `time_header` the time stands before the body in what is signed, joined as `signed` says; without it, the partner
    signs no time, and only the event's id tells a repeat."""

    secrets: Sequence[bytes]
    header: str
    prefix: str = ""
    encoding: Literal["hex", "base64"] = "hex"
    time_header: str | None = None
    window_s: float | None = WINDOW_S
    signed: Callable[[bytes, bytes], bytes] = lambda time, body: time + body

    def verify(self, headers: Mapping[str, str], raw: bytes, now_ms: int) -> None:
        given = headers.get(self.header, "")
        if not given.startswith(self.prefix):
            raise wrong_signature()
        mac = (_unhex if self.encoding == "hex" else unbase64)(given[len(self.prefix) :])
        time = None if self.time_header is None else headers.get(self.time_header, "")
        text = raw if time is None else self.signed(time.encode(), raw)
        if not _matches(self.secrets, text, [mac]):
            raise wrong_signature()
        if time is not None and self.window_s is not None:
            check_time(time, now_ms, self.window_s)


def _matches(secrets: Sequence[bytes], text: bytes, given: Sequence[bytes]) -> bool:
    made = [hmac.digest(secret, text, hashlib.sha256) for secret in secrets]
    return any(hmac.compare_digest(one, other) for one in made for other in given)


def check_time(text: str, now_ms: int, window_s: float) -> None:
    """Raises InvalidArgument: these seconds are none, or too far from now."""
    if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST_TIME):
        raise wrong_signature()
    if abs(int(text) * 1000 - now_ms) > window_s * 1000:
        raise out_of_time(window_s)


def out_of_time(window_s: float) -> InvalidArgument:
    """It was signed too long ago, or too far ahead."""
    return InvalidArgument(f"This was signed more than {window_s:g} seconds ago, or ahead.", details={"reason": "time"})


def _unhex(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""


def unbase64(text: str) -> bytes:
    """The bytes; none where it is no base64."""
    try:
        return base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return b""


def wrong_signature() -> InvalidArgument:
    """What is said of a request that is not the partner's."""
    return InvalidArgument("The signature is missing or wrong.", details={"reason": "signature"})
