"""What the parts of payments need of each other: as little as that, so tests hand in anything."""

from collections.abc import Sequence
from typing import Protocol

from actors.payments.bill.commands import Pay
from actors.payments.bill.state import BillRecord
from actors.payments.taxes import TaxRule


class FraudScreening(Protocol):
    """Looks at payments before they begin."""

    async def screened(self, record: BillRecord, command: Pay, network: str, *, live: bool = False) -> Pay:
        """The command as it may go on. Raises FailedPrecondition: it may not."""
        ...


class TaxRates(Protocol):
    """The taxes in force."""

    async def rules(self) -> tuple[Sequence[TaxRule], str]:
        """The table, and the jurisdiction of what names none ("": no tax)."""
        ...
