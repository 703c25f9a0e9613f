"""The fake on the wire: requests of the SDK in, answers out."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from typing_extensions import override

from tests.fakes.mishaps import Mishaps
from tests.fakes.stripe import faults
from tests.fakes.stripe.account import SECRET_KEY, Account
from tests.fakes.wire import Answered, Asked, Fault, WireServer

_FAULTS = {
    "busy": faults.busy,
    "failing": lambda: faults.StripeFault(503, faults.broken().error),
    "refused": lambda: faults.refused("amount_too_large", "canary-7f3d is too large"),
    "in_use": faults.key_in_use,
}


@dataclass
class StripeServer(WireServer):
    """An account that listens."""

    account: Account = field(default_factory=Account.opened)

    @property
    @override
    def mishaps(self) -> Mishaps:
        return self.account.mishaps

    @override
    def key_of(self, headers: Mapping[str, str]) -> str:
        return headers.get("Idempotency-Key", "")

    @override
    def fault(self, fault: Fault) -> Answered:
        made = _FAULTS[fault]()
        return Answered(made.status, made.body())

    @override
    def knows(self, asked: Asked) -> bool:
        return asked.headers.get("Authorization") == f"Bearer {SECRET_KEY}"

    @override
    def answer(self, asked: Asked, *, breaks: bool = False, done: bool = True) -> Answered:
        return self.account.answer(asked, breaks=breaks, done=done)
