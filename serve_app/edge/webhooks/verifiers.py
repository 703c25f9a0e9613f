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
            raise _wrong()
        text = times[0].encode() + b"." + raw
        if not _matches(self.secrets, text, [_unhex(one) for one in given]):
            raise _wrong()
        _check_time(times[0], now_ms, self.window_s)


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
            raise _wrong()
        mac = (_unhex if self.encoding == "hex" else _unbase64)(given[len(self.prefix) :])
        time = None if self.time_header is None else headers.get(self.time_header, "")
        text = raw if time is None else self.signed(time.encode(), raw)
        if not _matches(self.secrets, text, [mac]):
            raise _wrong()
        if time is not None and self.window_s is not None:
            _check_time(time, now_ms, self.window_s)


def _matches(secrets: Sequence[bytes], text: bytes, given: Sequence[bytes]) -> bool:
    made = [hmac.digest(secret, text, hashlib.sha256) for secret in secrets]
    return any(hmac.compare_digest(one, other) for one in made for other in given)


def _check_time(text: str, now_ms: int, window_s: float) -> None:
    if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST_TIME):
        raise _wrong()
    if abs(int(text) * 1000 - now_ms) > window_s * 1000:
        raise InvalidArgument(
            f"This was signed more than {window_s:g} seconds ago, or ahead.", details={"reason": "time"}
        )


def _unhex(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""


def _unbase64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return b""


def _wrong() -> InvalidArgument:
    return InvalidArgument("The signature is missing or wrong.", details={"reason": "signature"})
