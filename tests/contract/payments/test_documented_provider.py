"""The example of docs/payment-providers.md is a provider like any other."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
from typing_extensions import override

from actors.payments.activities import PaymentSeen, RefundSeen
from config.capabilities.payments import PaymentSettings
from serve_app.capabilities.payments.connectors.calling import ProviderConnector
from tests.contract.providers import Bench, ProviderSuite

PAGE = Path(__file__).parents[3] / "docs" / "payment-providers.md"


def example() -> dict[str, Any]:
    """The names that the page's code defines."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    names: dict[str, Any] = {"__name__": "example"}
    exec(compile(code, str(PAGE), "exec", dont_inherit=True), names)
    return names


class VoucherBench(Bench):
    def __init__(self) -> None:
        self.names = example()
        self.ledger = self.names["Vouchers"]()

    @override
    def connector(self) -> ProviderConnector:
        return ProviderConnector(self.names["VoucherProvider"](self.ledger), PaymentSettings())

    @override
    def pays(self, seen: PaymentSeen) -> Mapping[str, str] | None:
        self.ledger.codes.add("GOLD")
        return {"code": "GOLD"}

    @override
    def declines(self, seen: PaymentSeen) -> Mapping[str, str] | None:
        return {"code": "USED"}

    @override
    def gives_back(self, seen: PaymentSeen, amount: int) -> None:
        back = RefundSeen(ref="back_by_hand", amount=amount, status="succeeded")
        self._put(seen, refunds=(back,))

    @override
    def twist(self, seen: PaymentSeen) -> None:
        self._put(seen, status="processing", native="orbiting", known=False)

    @override
    def trouble(self, seed: int, *, forgets: float = 0.0) -> None:
        """Nothing lies between us and a ledger of our own."""

    @override
    def peace(self) -> None:
        """As ever."""

    @override
    def taken(self) -> list[int]:
        return [one.captured for one in self.ledger.payments.values() if one.captured]

    @override
    def returned(self) -> list[int]:
        return [back.amount for one in self.ledger.payments.values() for back in one.refunds]

    @override
    def begun(self) -> int:
        return len(self.ledger.payments)

    def _put(self, seen: PaymentSeen, **changes: object) -> None:
        known = self.ledger.payments[seen.ref]
        self.ledger.payments[seen.ref] = msgspec.structs.replace(known, **changes)


class TestVouchers(ProviderSuite):
    @override
    def opened(self) -> AbstractAsyncContextManager[Bench]:
        return self._opened()

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[Bench]:
        yield VoucherBench()
