"""Who signed a webhook, and when."""

import base64
import hashlib
import hmac

import pytest

from common.errors import InvalidArgument
from serve_app.edge.webhooks.partners import WebhookVerifier
from serve_app.edge.webhooks.verifiers import PlainSignature, TimedSignature

NOW_S = 1_763_631_000
NEW, OLD, OTHER = b"new", b"old", b"other"
BODY = b'{"id":"evt_1"}\xff\x00'


def mac(secret: bytes, text: bytes) -> str:
    return hmac.new(secret, text, hashlib.sha256).hexdigest()


def timed(secret: bytes, at_s: int = NOW_S, body: bytes = BODY) -> str:
    return f"t={at_s},v1={mac(secret, b'%d.' % at_s + body)}"


def reason(verifier: WebhookVerifier, headers: dict[str, str], raw: bytes = BODY) -> object:
    """Why it is refused; None: it is not."""
    try:
        verifier.verify(headers, raw, NOW_S * 1000)
    except InvalidArgument as error:
        return (error.details or {})["reason"]
    return None


@pytest.mark.parametrize(
    ("header", "why"),
    [
        (timed(NEW), None),
        (timed(OLD), None),
        (timed(NEW) + ",v0=abc", None),
        (f"t={NOW_S}, v1=00, v1={mac(OLD, b'%d.' % NOW_S + BODY)}", None),
        (timed(NEW, NOW_S - 300), None),
        (timed(NEW, NOW_S + 300), None),
        (timed(NEW, NOW_S - 301), "time"),
        (timed(NEW, NOW_S + 301), "time"),
        (timed(OTHER), "signature"),
        (timed(NEW, body=BODY + b" "), "signature"),
        (timed(NEW).replace(f"t={NOW_S}", f"t={NOW_S + 1}"), "signature"),
        (timed(NEW).replace("v1=", "v0="), "signature"),
        (timed(NEW) + f",t={NOW_S}", "signature"),
        (f"v1={mac(NEW, BODY)}", "signature"),
        (f"t=,v1={mac(NEW, b'.' + BODY)}", "signature"),
        (f"t=x,v1={mac(NEW, b'x.' + BODY)}", "signature"),
        (f"t={'9' * 400},v1={mac(NEW, b'9' * 400 + b'.' + BODY)}", "signature"),
        (f"t=-1,v1={mac(NEW, b'-1.' + BODY)}", "signature"),
        (f"t={NOW_S},v1=nonsense", "signature"),
        (f"t={NOW_S},v1=\u00e9", "signature"),
        ("", "signature"),
        (",,=,", "signature"),
    ],
)
def test_a_timed_signature_is_of_a_secret_and_of_now(header: str, why: str | None) -> None:
    assert reason(TimedSignature([NEW, OLD]), {"stripe-signature": header}) == why


def test_without_the_header_or_a_secret_nothing_is_good() -> None:
    assert reason(TimedSignature([NEW]), {}) == "signature"
    assert reason(TimedSignature([]), {"stripe-signature": timed(b"")}) == "signature"


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("sha256=" + mac(NEW, BODY), None),
        ("sha256=" + mac(OLD, BODY).upper(), None),
        ("sha256=" + mac(OTHER, BODY), "signature"),
        (mac(NEW, BODY), "signature"),
        ("sha256=", "signature"),
        ("sha256=zz", "signature"),
        ("", "signature"),
    ],
)
def test_a_plain_signature_signs_no_time(given: str, why: str | None) -> None:
    assert reason(PlainSignature([NEW, OLD], "x-signature", "sha256="), {"x-signature": given}) == why


@pytest.mark.parametrize(
    ("at", "window_s", "why"),
    [(NOW_S, 300.0, None), (NOW_S - 301, 300.0, "time"), (NOW_S - 301, None, None), (NOW_S + 301, 300.0, "time")],
)
def test_a_plain_signature_may_sign_a_time_of_its_own_header(at: int, window_s: float | None, why: str | None) -> None:
    made = base64.b64encode(hmac.digest(NEW, b"%d" % at + BODY, "sha256")).decode()
    verifier = PlainSignature([NEW], "x-signature", encoding="base64", time_header="x-time", window_s=window_s)
    assert reason(verifier, {"x-signature": made, "x-time": str(at)}) == why
    assert reason(verifier, {"x-signature": made, "x-time": str(at + 1)}) == "signature"
    assert reason(verifier, {"x-signature": made}) == "signature"
    assert reason(verifier, {"x-signature": "~", "x-time": str(at)}) == "signature"
