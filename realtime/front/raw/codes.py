"""Close codes of sockets that speak no Socket.IO. Clients of Yjs come back after those outside of 4400 to 4499."""

from typing import Final

AWAY: Final = 4503
_CODES: Final = {
    "invalid_argument": 4400,
    "unauthenticated": 4401,
    "token_expired": 4401,
    "permission_denied": 4403,
    "not_found": 4404,
    "conflict": 4409,
    "already_exists": 4409,
    "failed_precondition": 4409,
    "payload_too_large": 4413,
    "rate_limited": 4429,
    "overloaded": AWAY,
    "unavailable": AWAY,
}


def close_code_of(code: str) -> int:
    """The close code for an error code of the contract."""
    return _CODES.get(code, AWAY)
