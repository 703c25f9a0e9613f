"""A partner who sends webhooks, as the capability that has to do with it declares it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from actors.kernel.contract.entity import Letter


@dataclass(frozen=True, slots=True)
class Arrival:
    """One event of a webhook. `id` is the partner's, by which it recognises repeats itself; `what` its name for such
    events. `body` is a body with this event alone: what `events` makes of it is this event."""

    id: str
    what: str
    body: bytes


class WebhookVerifier(Protocol):
    """Tells whether a request is the partner's."""

    def verify(self, headers: Mapping[str, str], raw: bytes, now_ms: int) -> None:
        """`headers` by lower-case name; `now_ms` is the wall clock's.

        Raises:
            InvalidArgument: the signature is missing or wrong, or it was made too long ago (or ahead).
        """


@runtime_checkable
class Preparing(WebhookVerifier, Protocol):
    """One that needs something from elsewhere first."""

    async def prepare(self, headers: Mapping[str, str], now_ms: int) -> None:
        """Fetch it, unless it is there. Nothing is verified yet, so whoever sent this may name anything.

        Raises:
            InvalidArgument: what is named is not the partner's.
            Unavailable: it cannot be fetched now. The partner will send the webhook again.
        """


@dataclass(frozen=True, slots=True)
class WebhookPartner:
    """`events` reads a body; it raises ValueError where that is none of the partner's.

    `to` says whom an event concerns, and by which command they are told: pure, of what the event says alone. None:
    nobody here. Its second argument is the id of the arrival's entity: the receiver answers there with the letter
    `handed` when it has stored what it was told (`actors.arrivals.commands`), and does nothing while it does not know
    yet what it is about. The letter has no sealed part: it names things by their ids.

    `id_header`: the header that names the one event of a body, of partners who do not name it within.
    """

    name: str
    verifier: WebhookVerifier
    events: Callable[[bytes], Sequence[Arrival]]
    to: Callable[[Arrival, str], Letter | None]
    id_header: str = ""
