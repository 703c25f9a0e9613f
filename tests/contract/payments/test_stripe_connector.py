"""The connector `stripe`, against an account of our own on the wire: as every connector."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from pydantic import SecretStr
from typing_extensions import override

from actors.payments.activities import Begin, encode
from common.clock import SystemClock
from config.capabilities.payments import PaymentSettings, StripeSettings
from serve_app.activities.connector import Connector
from serve_app.capabilities.payments.connectors.calling import ProviderConnector
from serve_app.capabilities.payments.connectors.stripe.provider import StripeProvider
from tests.contract.connectors import CANARY, ConnectorSuite, Mishap, Partner, Seen
from tests.fakes.stripe.account import PUBLISHABLE_KEY, SECRET_KEY
from tests.fakes.stripe.server import StripeServer


def connected(server: StripeServer, *, key: str = SECRET_KEY) -> ProviderConnector:
    stripe = StripeSettings(secret_key=SecretStr(key), publishable_key=PUBLISHABLE_KEY, base_url=server.url)
    return ProviderConnector(StripeProvider(stripe, SystemClock(), 5.0), PaymentSettings(stripe=stripe))


@asynccontextmanager
async def listening(server: StripeServer) -> AsyncIterator[StripeServer]:
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


class StripePartner(Partner):
    def __init__(self, server: StripeServer) -> None:
        self.server = server

    @override
    def connector(self, *, credentials: bool = True) -> Connector:
        return connected(self.server, key=SECRET_KEY if credentials else "sk_test_wrong")

    @override
    def payload(self, number: int) -> bytes:
        return encode(Begin(bill=f"bil_{CANARY}-{number}", amount=1000 + number, currency="EUR"))

    @override
    def next(self, *mishaps: Mishap) -> None:
        self.server.account.mishaps.next.extend(mishaps)

    @override
    def seen(self) -> list[Seen]:
        asked = [one for one in self.server.account.seen if one.method == "POST" and self.server.knows(one)]
        return [Seen(one.key, one.text.encode()) for one in asked]


class TestStripe(ConnectorSuite):
    @override
    def opened(self) -> AbstractAsyncContextManager[Partner]:
        return self._opened()

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[Partner]:
        async with listening(StripeServer()) as server:
            yield StripePartner(server)
