"""What Stripe answers when it does not do as it was asked (https://docs.stripe.com/api/errors)."""

import copy
from typing import Any


class StripeFault(Exception):
    """An error answer. `stored`: whether it is kept under the request's key, and repeated."""

    def __init__(self, status: int, error: dict[str, Any], *, stored: bool = True) -> None:
        super().__init__(error.get("message", ""))
        self.status, self.error, self.stored = status, copy.deepcopy(error), stored

    def body(self) -> dict[str, Any]:
        """As it is sent."""
        return {"error": self.error}


def bad_request(code: str, param: str, message: str, **more: Any) -> StripeFault:
    """The parameters are wrong: nothing was begun, so nothing is stored."""
    error = {"type": "invalid_request_error", "code": code, "message": message, "param": param, **more}
    return StripeFault(400, error, stored=False)


def refused(code: str, message: str, **more: Any) -> StripeFault:
    """The state of things does not allow it."""
    return StripeFault(400, {"type": "invalid_request_error", "code": code, "message": message, **more})


def missing(what: str, id_: str) -> StripeFault:
    """There is no such object."""
    message = f"No such {what}: '{id_}'"
    error = {"type": "invalid_request_error", "code": "resource_missing", "message": message, "param": "id"}
    return StripeFault(404, error, stored=False)


def declined(decline_code: str, intent: dict[str, Any], *, code: str = "card_declined") -> StripeFault:
    """The card's bank says no. The intent is in the answer."""
    error = {
        "type": "card_error",
        "code": code,
        "decline_code": decline_code,
        "message": "Your card was declined.",
        intent["object"]: intent,
    }
    return StripeFault(402, error)


def broken() -> StripeFault:
    """Stripe has failed; the answer is kept all the same."""
    return StripeFault(500, {"type": "api_error", "message": "An unknown error occurred."})


def busy() -> StripeFault:
    """Too many requests."""
    return StripeFault(
        429, {"type": "invalid_request_error", "code": "rate_limit", "message": "Too many"}, stored=False
    )


def key_in_use() -> StripeFault:
    """Another request under the same key is under way. There is no code on it."""
    message = "There is currently another in-progress request using this idempotency key."
    return StripeFault(409, {"type": "idempotency_error", "message": message}, stored=False)


def key_reused() -> StripeFault:
    """The key was used with other parameters."""
    message = "Keys for idempotent requests can only be used with the same parameters they were first used with."
    return StripeFault(400, {"type": "idempotency_error", "message": message}, stored=False)


def unauthenticated() -> StripeFault:
    """A wrong key."""
    error = {"type": "invalid_request_error", "message": "Invalid API Key provided: sk_test_***"}
    return StripeFault(401, error, stored=False)
