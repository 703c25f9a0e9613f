"""What Carewire itself tells a bill: letters of other entities, and timers."""

from actors.kernel.contract.entity import Command
from actors.payments.bill.cards import PlaceBillCard


class NotePaymentChange(Command[None], frozen=True, kw_only=True, tag="seen"):
    """A letter or a webhook: something happened to the provider's payment `ref`. It is read."""

    provider: str
    ref: str
    arrival: str = ""
    created: int = 0


class Poll(Command[None], frozen=True, tag="poll"):
    """A timer: has anything been heard of this payment since `heard`?"""

    payment: str
    heard: int


class BookingTold(Command[None], frozen=True, kw_only=True, tag="booking"):
    """A letter of the booking: what it is now. `by_client`: the client cancelled it, at `at`."""

    status: str
    at: int
    start: int
    end: int
    by_client: bool = False
    therapist: str = ""


class SessionSeen(Command[None], frozen=True, kw_only=True, tag="session_seen"):
    """A letter of the meeting: who was there when (user, from, to; ms). It is final, and sealed by `hash`."""

    meeting: str = ""
    stays: tuple[tuple[str, int, int], ...] = ()
    hash: str = ""


class LendMethod(Command[None], frozen=True, tag="lend"):
    """A letter of the bill of a later session of the series: by which method is it paid?"""

    bill: str


class NoMethod(Command[None], frozen=True, tag="no_method"):
    """A letter of the bill of the first session: no method was saved with it."""


class Adopt(Command[None], frozen=True, kw_only=True, tag="adopt"):
    """A letter of its subscription: this payment, which the provider has made itself, pays it. Idempotent."""

    provider: str
    ref: str


class Dunned(Command[None], frozen=True, kw_only=True, tag="dunned"):
    """A letter of the subscription: its payment fails `since` then; so many `steps` were taken, and `do` comes at
    `next_at` (0: nothing more)."""

    since: int
    steps: int = 0
    next_at: int = 0
    do: tuple[str, ...] = ()


class Neutralize(Command[None], frozen=True, tag="neutralize"):
    """Whom it is for is erased: it says nothing any more of what it was for. Idempotent."""


class Invoiced(Command[None], frozen=True, tag="invoiced"):
    """A letter of the issuer: the invoice that was issued for it."""

    invoice: str


class MoveBeneficiary(Command[None], frozen=True, kw_only=True, tag="move"):
    """The session goes to another therapist; the share by their split."""

    therapist: str
    platform_percent: str


class DisputeDue(Command[None], frozen=True, kw_only=True, tag="dispute_due"):
    """A timer: an answer to a dispute is due in so many hours. In the last of them it is sent, as it is."""

    dispute: str
    due: int
    hours: int


class AuthorizeDue(Command[None], frozen=True, tag="authorize_due"):
    """A timer: a session that was booked long ago, and begins at `start`, is near."""

    start: int


class Grace(Command[None], frozen=True, tag="grace"):
    """A timer: the time in which a failed payment could be repaired is over."""

    payment: str


class TimeLapsed(Command[None], frozen=True, tag="time_lapsed"):
    """A timer: nobody has said for how long they were there; it costs what was planned."""


_TIMERS = (Poll, Grace, AuthorizeDue, DisputeDue, TimeLapsed)
BY_SYSTEM = (
    *(
        NotePaymentChange,
        BookingTold,
        SessionSeen,
        LendMethod,
        NoMethod,
        Adopt,
        Dunned,
        Invoiced,
        Neutralize,
        MoveBeneficiary,
    ),
    PlaceBillCard,
    *_TIMERS,
)
