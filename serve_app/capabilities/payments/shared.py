"""What the operations of payments have in common."""

from dataclasses import dataclass
from typing import Final

from actors.kernel.contract.entity import Principal
from common.errors import CarewireError, Conflict, FailedPrecondition, InvalidArgument, RateLimited, Unavailable
from common.ids import derived_id, new_id
from serve_app.edge.operation import Caller

REFUSES: Final[tuple[type[CarewireError], ...]] = (Conflict, FailedPrecondition, RateLimited, Unavailable)
DETAILS: Final = ("total", "currency", "reason", "refundable", "version")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the settings say of payments. `public`: what a browser needs beside a secret, by provider."""

    providers: tuple[str, ...] = ("manual",)
    default_provider: str = "manual"
    currency: str = "EUR"
    public: dict[str, dict[str, str]]

    def provider(self, name: str | None) -> str:
        """The provider that is meant.

        Raises:
            InvalidArgument: it is not configured here.
        """
        meant = name or self.default_provider
        if meant not in self.providers:
            raise InvalidArgument(
                "This payment provider is not configured here.",
                details={"field": "provider", "providers": list(self.providers)},
            )
        return meant


def id_for(prefix: str, caller: Caller, now_ms: int) -> str:
    """The id of what somebody makes: the same for a repeat that names itself."""
    if not caller.idempotency_key:
        return new_id(prefix, now_ms)
    return derived_id(prefix, 0, f"{caller.by.user}\n{caller.idempotency_key}")


def named(caller: Caller, verb: str) -> str | None:
    """The command's id where the request names itself."""
    return f"{verb}\n{caller.by.user}\n{caller.idempotency_key}" if caller.idempotency_key else None


def is_staff(by: Principal) -> bool:
    """Therapists and administrators."""
    return by.role in ("therapist", "admin")
