"""What happens to a call. Each event holds the call as it is then. What is stored is stored for ever: new members stand
at the end, with defaults."""

from actors.calls.records import CallRecord
from actors.kernel.contract.entity import Event


class CallRang(Event, frozen=True, kw_only=True, array_like=True, tag="rang"):
    """It rings."""

    call: CallRecord


class CallEnded(Event, frozen=True, kw_only=True, array_like=True, tag="ended"):
    """It rings no more: `call.status` says why."""

    call: CallRecord


CallEvent = CallRang | CallEnded
