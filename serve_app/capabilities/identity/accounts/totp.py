"""One-time passwords by time (RFC 6238) as a second factor, and recovery codes for when the device is lost. Pure."""

import hmac
import secrets
from typing import Final

import pyotp

from common.ids import to_base32

STEP_S: Final = 30
_SKEW_STEPS: Final = 1  # of the device's clock
RECOVERY_CODES: Final = 8


def new_secret() -> str:
    """160 random bits, base 32."""
    return pyotp.random_base32(32)


def uri_of(secret: str, account: str) -> str:
    """What an authenticator app scans."""
    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name="Carewire")


def matching_step(secret: str, code: str, now_ms: int, *, after: int) -> int | None:
    """The time step whose code it is; None when it is wrong, or of a step not later than `after` (used before)."""
    totp = pyotp.TOTP(secret)
    now = now_ms // 1000 // STEP_S
    found = None
    for step in range(now - _SKEW_STEPS, now + _SKEW_STEPS + 1):
        if hmac.compare_digest(totp.at(step * STEP_S).encode(), code.encode()) and step > after:
            found = step
    return found


def new_recovery_codes() -> list[str]:
    """50 random bits each, good once."""
    return ["-".join(to_base32(secrets.randbits(25), 5) for _ in range(2)) for _ in range(RECOVERY_CODES)]
