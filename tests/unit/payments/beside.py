"""The SDK beside the fake in one process: its requests are answered at once, without a network or a loop."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import stripe
from multidict import CIMultiDict
from pydantic import SecretStr
from typing_extensions import override

from common.clock import Clock
from config.capabilities.payments import StripeSettings
from serve_app.capabilities.payments.connectors.stripe.client import Sdk
from serve_app.capabilities.payments.connectors.stripe.provider import StripeProvider
from tests.fakes.stripe.account import PUBLISHABLE_KEY, SECRET_KEY, Account
from tests.fakes.wire import Asked


class Beside(stripe.HTTPClient):
    """Hands requests to an account."""

    name = "beside"

    def __init__(self, account: Account) -> None:
        super().__init__()
        self._account = account

    @override
    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        parts, told = urlsplit(url), CIMultiDict(headers)
        text = parts.query if method == "get" else post_data or ""
        asked = Asked(method.upper(), parts.path, text, told, told.get("Idempotency-Key", ""))
        answered = self._account.answer(asked)
        return answered.raw, answered.status, answered.headers


def beside(account: Account, clock: Clock) -> StripeProvider:
    """The connector's provider, with this account on the other side."""
    settings = StripeSettings(secret_key=SecretStr(SECRET_KEY), publishable_key=PUBLISHABLE_KEY)
    client = stripe.StripeClient(SECRET_KEY, http_client=Beside(account), max_network_retries=0)
    return StripeProvider(settings, clock, 5.0, Sdk(settings, 5.0, client))
