"""Calls of PayPal's REST API with an access token, which is fetched when it is needed and kept while it lasts."""

import asyncio
from base64 import b64encode
from collections.abc import Mapping
from typing import Any, Final

from common.clock import Clock
from config.capabilities.payments import PaypalSettings
from serve_app.activities.connector import Misconfigured
from serve_app.capabilities.payments.connectors.lines import NotDone, Object, PartnerConnection

_SETTING: Final = "CAREWIRE_PAYMENTS__PAYPAL__CLIENT_ID and __CLIENT_SECRET"
_MARGIN_S: Final = 60.0


class PaypalApi:
    """One a runner."""

    def __init__(self, settings: PaypalSettings, clock: Clock, timeout_s: float) -> None:
        assert settings.client_id is not None
        assert settings.client_secret is not None
        pair = f"{settings.client_id}:{settings.client_secret.get_secret_value()}"
        self._basic = b64encode(pair.encode()).decode()
        self._line = PartnerConnection("PayPal", _SETTING, settings.base_url, timeout_s)
        self._clock = clock
        self._token, self._until_s = "", 0.0
        self._fetching = asyncio.Lock()

    async def get(self, path: str) -> Object | NotDone:
        """Raises Later, Misconfigured."""
        return await self._ask("GET", path, None, {})

    async def post(self, path: str, body: Object, key: str) -> Object | NotDone:
        """Under this key, the whole object is answered. Raises Later, Misconfigured."""
        headers = {"PayPal-Request-Id": key, "Prefer": "return=representation"}
        return await self._ask("POST", path, body, headers)

    async def close(self) -> None:
        """Hang up."""
        await self._line.close()

    async def _ask(self, method: str, path: str, body: Object | None, headers: Mapping[str, str]) -> Object | NotDone:
        token = await self._access(stale="")
        try:
            return await self._with(token=token, method=method, path=path, body=body, headers=headers)
        except Misconfigured:  # a token may be revoked before its time
            fresh = await self._access(stale=token)
        return await self._with(token=fresh, method=method, path=path, body=body, headers=headers)

    async def _with(
        self, token: str, method: str, path: str, body: Object | None, headers: Mapping[str, str]
    ) -> Object | NotDone:
        authorized = {"Authorization": f"Bearer {token}", **headers}
        return await self._line.ask(method, path, headers=authorized, body=body)

    async def _access(self, *, stale: str) -> str:
        """The token, or a new one where it is `stale`. Those who come meanwhile wait for it."""
        async with self._fetching:
            if not self._token or self._token == stale or self._clock.monotonic_s() >= self._until_s:
                headers = {"Authorization": f"Basic {self._basic}"}
                form = {"grant_type": "client_credentials"}
                found = await self._line.ask("POST", "/v1/oauth2/token", headers=headers, form=form)
                if isinstance(found, NotDone) or not found.get("access_token"):
                    raise Misconfigured(f"PayPal gives us no access: {_SETTING}.")
                self._token = str(found["access_token"])
                self._until_s = self._clock.monotonic_s() + float(found.get("expires_in", 0)) - _MARGIN_S
            return self._token


def issue_of(no: NotDone) -> str:
    """PayPal's code for why it does not do something."""
    details: Any = no.body.get("details")
    first: Any = details[0] if isinstance(details, list) and details else {}
    found = first.get("issue") if isinstance(first, dict) else None
    return str(found or no.body.get("name") or "REFUSED")
