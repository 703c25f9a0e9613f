"""A connector: the adapter that makes the calls to one partner. The runner knows partners by nothing else.

An adapter's calls end in one of five ways: it returns what the partner answered, or raises `Refused`, `Later` or
`Misconfigured`; whatever else it raises is a fault of ours. Every connector passes `tests/contract/connectors.py`.
"""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

import msgspec
from typing_extensions import override

from common.errors import CarewireError
from serve_app.activities.keys import PartnerKey

FOR_EVER_S: Final = float("inf")
W = TypeVar("W")


@dataclass(frozen=True, slots=True)
class Call:
    """One attempt. `payload` is opened (msgpack of a Struct beside the events of its kind). `attempt` is 1 the first
    time; `made_at_ms` is the moment of the event that it follows from, the same on each."""

    key: PartnerKey
    payload: bytes
    owner: str
    attempt: int
    made_at_ms: int


@dataclass(frozen=True, slots=True)
class Capacity:
    """What one partner stands, of all runners together.

    Attributes:
        at_once: calls under way.
        per_s: calls begun a second; None: no limit.
        burst: calls that may begin at once after a lull.
        call_s: how long one may take.
    """

    at_once: int = 16
    per_s: float | None = None
    burst: int = 1
    call_s: float = 20.0


class Connector(Protocol):
    """See the module. `remembers_s` is how long the partner knows a key: what was made longer ago is looked for
    (`find`) before it is tried. `FOR_EVER_S`: a repeat does no harm, however late."""

    name: str
    capacity: Capacity
    remembers_s: float

    async def carry_out(self, call: Call) -> bytes:
        """Make the call. What the partner answered, for the entity (msgpack; b"": nothing to tell).

        Raises:
            Refused: never; the entity hears why.
            Later: not now.
            Misconfigured: our credentials or addresses are wrong. Nothing is lost; operators see it.
            Erased: it concerns a person who is no more.
            Unreadable: the payload is nothing that this version understands. Kept as dead.
        """
        ...

    async def find(self, call: Call) -> bytes | None:
        """What the partner made of an earlier attempt under this key. None: it has none, or cannot tell."""
        ...

    async def close(self) -> None:
        """Hang up."""
        ...


class Refused(Exception):
    """The partner will never do this. `code` and `message` are shown to operators: no name, no address, no text."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


class Later(Exception):
    """Not now: the partner is busy, down, or the connection was lost. It may have happened.

    `retry_after_s` is the pause that the partner asked for. `only_this`: it concerns this one call (a full mailbox),
    and says nothing about the partner as a whole. `stored`: the partner will repeat this failure under this key for
    ever, so it is looked for (`find`), and tried again under the next key (`<key>-2`).
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        retry_after_s: float | None = None,
        only_this: bool = False,
        stored: bool = False,
    ) -> None:
        super().__init__(message)
        self.code, self.message = code, message
        self.retry_after_s, self.only_this, self.stored = retry_after_s, only_this, stored


class Misconfigured(Exception):
    """Our side is wrong: a password, a key, an address. Trying again soon is of no use; an operator is needed."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.code, self.message = "misconfigured", message


class Erased(Exception):
    """The person whom it concerns is no more: nothing is sent, and the entity hears `erased`."""


class Unreadable(Exception):
    """The payload is nothing that this version of the connector understands: of no use to try again, but nothing is
    lost, and a later version may read it."""


class OwnConnector(Connector, Generic[W]):
    """Base of a connector whose partner is Carewire itself. What it does may be done again, however late, so `find`
    looks for nothing, and there is nobody to hang up on."""

    remembers_s = FOR_EVER_S

    def __init__(self, read: Callable[[bytes], W]) -> None:
        """`read` decodes the work, and raises MsgspecError."""
        self._read_work: Final = read

    @abstractmethod
    async def do(self, work: W) -> bytes:
        """What `carry_out` answers. A CarewireError of this one piece of work means: not now.

        Raises:
            CarewireError, Erased, Refused.
        """

    @override
    async def carry_out(self, call: Call) -> bytes:
        try:
            work = self._read_work(call.payload)
        except msgspec.MsgspecError as error:
            raise Unreadable("This version does not know such work.") from error
        try:
            return await self.do(work)
        except CarewireError as error:
            raise Later(error.code, error.message, retry_after_s=error.retry_after_s, only_this=True) from error

    @override
    async def find(self, call: Call) -> None:
        """It is done anew."""

    @override
    async def close(self) -> None:
        """Nothing."""
