"""Calls of Stripe's SDK, and what their failures mean.

Stripe keeps the first answer of a key, its failures too, and repeats it for a day at least. So a 500 that is repeated
(`Idempotent-Replayed`) is stored: the object is looked for, and the call goes on under the next key. A 500 that comes
for the first time, and whatever answers in front of Stripe, may or may not be stored: the same key will tell.
https://docs.stripe.com/api/idempotent_requests
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, Final, NoReturn, TypeVar

import aiohttp
import stripe
from stripe import StripeClient, StripeError

from actors.payments.activities import PROVIDERS
from config.capabilities.payments import StripeSettings
from serve_app.activities.connector import Later, Misconfigured, Refused
from serve_app.capabilities.payments.connectors.lines import code_of

NAME: Final = PROVIDERS[0]
REF: Final = "carewire_ref"
BILL: Final = "carewire_bill"
REFUND: Final = "carewire_refund"
PAYOUT: Final = "carewire_payout"
SUBSCRIPTION: Final = "carewire_subscription"

_FAILED: Final = 500
_PAGE: Final = 100
_LONGEST_PAUSE_S: Final = 3600.0
T = TypeVar("T")
Object = dict[str, Any]
Page = Callable[[Any], Awaitable[Any]]


class Declined(Exception):
    """A card's bank said no. `object_id` is the intent that it was asked for; `code`, `decline_code` as Stripe says."""

    def __init__(self, object_id: str, code: str, decline_code: str) -> None:
        super().__init__(code)
        self.object_id, self.code, self.decline_code = object_id, code, decline_code


class Unexpected(Exception):
    """The object is in no state for this: it has gone on meanwhile."""


class Sdk:
    """Stripe's client, over aiohttp."""

    def __init__(self, settings: StripeSettings, timeout_s: float, client: StripeClient | None = None) -> None:
        """`client` replaces the one that these settings make."""
        assert settings.secret_key is not None
        stripe.enable_telemetry = False
        self._session: aiohttp.ClientSession | None = None
        self._key, self._url = settings.secret_key.get_secret_value(), settings.base_url
        self._timeout_s = timeout_s
        self._client = client

    @property
    def v1(self) -> Any:
        """The calls of version 1. The session is made in the loop that uses it."""
        if self._client is None:
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
            self._client = StripeClient(
                self._key,
                base_addresses={"api": self._url, "files": self._url},
                http_client=stripe.AIOHTTPClient(session=self._session, timeout=self._timeout_s),
                max_network_retries=0,
            )
        return self._client.v1

    async def close(self) -> None:
        """Hang up."""
        if self._session is not None:
            await self._session.close()

    async def make(self, call: Awaitable[Any]) -> tuple[Object, bool]:
        """The object that a POST answers, and whether that is the answer of an earlier attempt: as it was then.

        Raises: see `meaning`.
        """
        made = await _answer(call)
        return made.to_dict(), _replayed(made.last_response.headers)

    async def get(self, call: Awaitable[Any]) -> Object:
        """The object that is read.

        Raises: see `meaning`.
        """
        found: Object = (await _answer(call)).to_dict()
        return found

    async def walk(self, page: Page, **asked: Any) -> AsyncIterator[Object]:
        """All objects of a list, the newest first.

        Raises: see `meaning`.
        """
        after: dict[str, str] = {}
        while True:
            found = await self.get(page({**asked, "limit": _PAGE, **after}))
            for one in found["data"]:
                yield one
            if not found["has_more"]:
                return
            after = {"starting_after": found["data"][-1]["id"]}


async def _answer(call: Awaitable[T]) -> T:
    try:
        return await call
    except StripeError as error:
        meaning(error)
    except (aiohttp.ClientError, OSError) as error:  # a body that is cut is no StripeError
        raise Later("connection_lost", f"The connection to Stripe was lost ({type(error).__name__}).") from None


def meaning(error: StripeError) -> NoReturn:
    """What a failure says. Stripe's own words are left out: they quote what was sent.

    Raises:
        Declined, Unexpected: see there.
        Refused, Later, Misconfigured: see `serve_app.activities.connector`.
    """
    status, told = error.http_status or 0, _error_of(error)
    code = str(told.get("code") or told.get("type") or "refused")
    if isinstance(error, stripe.CardError):
        raise Declined(_intent_of(told), code, str(told.get("decline_code") or "")) from None
    if isinstance(error, stripe.AuthenticationError | stripe.PermissionError):
        raise Misconfigured(
            f"Stripe does not accept our key ({status}): CAREWIRE_PAYMENTS__STRIPE__SECRET_KEY."
        ) from None
    if isinstance(error, stripe.APIConnectionError):
        raise Later("connection_lost", "The connection to Stripe was lost.") from None
    if isinstance(error, stripe.RateLimitError):
        pause_s = _pause_s(error.headers)
        raise Later(
            "busy", f"Stripe answers {status}.", retry_after_s=pause_s, only_this=code == "lock_timeout"
        ) from None
    if status == 409:
        raise Later("key_in_use", "An earlier attempt is still under way.", only_this=True) from None
    if status >= _FAILED or not told:
        raise Later(
            "failing", f"Stripe answers {status}.", stored=status >= _FAILED and _replayed(error.headers)
        ) from None
    if code.endswith("_unexpected_state"):
        raise Unexpected from None
    raise Refused(code_of(code), f"Stripe refuses this ({status}).") from None


def _error_of(error: StripeError) -> Mapping[str, Any]:
    body = error.json_body
    told = body.get("error") if isinstance(body, dict) else None
    return told if isinstance(told, dict) else {}


def _intent_of(told: Mapping[str, Any]) -> str:
    for name in ("payment_intent", "setup_intent"):
        if isinstance(intent := told.get(name), dict):
            return str(intent.get("id", ""))
    return ""


def _replayed(headers: Mapping[str, str] | None) -> bool:
    return _header(headers, "idempotent-replayed") == "true"


def _pause_s(headers: Mapping[str, str] | None) -> float | None:
    try:
        return min(float(_header(headers, "retry-after")), _LONGEST_PAUSE_S)
    except ValueError:
        return None


def _header(headers: Mapping[str, str] | None, name: str) -> str:
    return next((value for given, value in (headers or {}).items() if given.lower() == name), "")
