"""The suite of connectors on a partner that speaks HTTP: what it asks for can be done there too."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from typing_extensions import override

from serve_app.activities.connector import Connector
from tests.contract.connectors import CANARY, ConnectorSuite, Mishap, Partner, Seen
from tests.partners.http_partner import TOKEN, HttpConnector, HttpPartner


class ScriptedPartner(Partner):
    def __init__(self, partner: HttpPartner) -> None:
        self.partner = partner

    @override
    def connector(self, *, credentials: bool = True) -> Connector:
        return HttpConnector(self.partner.port, TOKEN if credentials else "another")

    @override
    def payload(self, number: int) -> bytes:
        return b'{"number": %d, "about": "%b"}' % (number, CANARY.encode())

    @override
    def next(self, *mishaps: Mishap) -> None:
        self.partner.mishaps.extend(mishaps)

    @override
    def seen(self) -> list[Seen]:
        return [Seen(key, body) for key, body in self.partner.seen]


class TestHttp(ConnectorSuite):
    @override
    def opened(self) -> AbstractAsyncContextManager[Partner]:
        return self._opened()

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[Partner]:
        partner = HttpPartner()
        await partner.start()
        try:
            yield ScriptedPartner(partner)
        finally:
            await partner.stop()
