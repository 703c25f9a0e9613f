"""What happens to an arrival. Each event carries the line that lists show afterwards, for lists are made of events."""

from typing import Literal

import msgspec

from actors.kernel.contract.entity import Event


class ArrivalStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How an arrival stands; what every command is answered.

    `state`: `waiting` to be taken, `handed` over, `ignored` (it concerns nobody here), `dead` (nobody took it, however
    often they were asked). `tries`: how often they were. Times in ms; `due`: when they are asked again. `leftover`: a
    blob that has to go.
    """

    what: str
    received: int
    state: Literal["waiting", "handed", "ignored", "dead"]
    tries: int = 0
    due: int | None = None
    leftover: str = ""


class Arrived(Event, frozen=True, kw_only=True, tag="arrived"):
    """A partner told something. The body is the secret, under the partner's key, unless it lies in `blob`."""

    line: ArrivalStatus
    to: str = ""
    letter: bytes = b""
    blob: str = ""


class HandoverAskedAgain(Event, frozen=True, kw_only=True, tag="sent"):
    """Whom it concerns was asked once more."""

    line: ArrivalStatus
    to: str
    letter: bytes


class Taken(Event, frozen=True, kw_only=True, tag="taken"):
    """Whom it concerns has it. The body is not needed any more."""

    line: ArrivalStatus


class GivenUp(Event, frozen=True, kw_only=True, tag="given_up"):
    """Nobody took it. An operator may replay it."""

    line: ArrivalStatus


class BodyForgotten(Event, frozen=True, kw_only=True, tag="forgotten"):
    """The body is not kept any longer."""

    line: ArrivalStatus


class LeftoverCleared(Event, frozen=True, kw_only=True, tag="cleared"):
    """The blob of the body is deleted."""

    line: ArrivalStatus


ArrivalEvent = Arrived | HandoverAskedAgain | Taken | GivenUp | BodyForgotten | LeftoverCleared
"""All of them."""
