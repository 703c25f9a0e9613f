"""One attempt to carry out an activity: may it still be done, what does it say, the call, and what its end means."""

import asyncio
from dataclasses import dataclass
from typing import Final, Protocol

from actors.kernel.contract.activities import Still
from actors.kernel.contract.entity import SYSTEM
from actors.kernel.contract.ports import EntityClient
from actors.kernel.contract.protocol import Offered
from common.clock import Clock
from common.errors import CarewireError
from common.logs import get_logger
from serve_app.activities.connector import Call, Connector, Erased, Later, Misconfigured, Refused, Unreadable
from serve_app.activities.holding import UNTRIED, Ending, HeldActivity, PartnerState
from serve_app.activities.keys import PartnerKey

_SHARE: Final = 0.8  # of the time for which it is ours; the rest is for the way
_KEYS: Final = 3  # that are tried where the partner repeats a stored failure
_FAULTS: Final = 5  # of ours; after so many attempts another one is of no use
_log = get_logger(__name__)


class PayloadOpener(Protocol):
    """See `payloads.Payloads`."""

    async def open(self, offered: Offered) -> bytes | None: ...


@dataclass(frozen=True, slots=True)
class ActivityAttempts:
    """`entities` asks entities whether it still holds; `payloads` opens what is sealed. `clock` is the runner's own:
    no call is begun that could outlast the time for which the activity is ours, and none goes on beyond it."""

    entities: EntityClient
    payloads: PayloadOpener
    clock: Clock

    async def make(self, held: HeldActivity, connector: Connector) -> Ending:
        """Try it once. Raises nothing but cancellation."""
        offered = held.offered
        if self._expired(offered):
            return Ending("answer", "expired")
        if not self._fits(held, connector):
            return UNTRIED
        try:
            async with asyncio.timeout(held.left_s(self.clock.monotonic_s())):
                return await self._prepared(held, connector)
        except CarewireError as error:  # of ours: the keys or the entity cannot be reached just now
            return Ending("put_off", code=error.code, message="Carewire itself was not ready.")
        except TimeoutError:
            return Ending("put_off", code="timeout", message="Carewire itself was not ready in time.")

    async def _prepared(self, held: HeldActivity, connector: Connector) -> Ending:
        offered = held.offered
        if offered.ask and (over := await self._over(offered)) is not None:
            return over
        try:
            payload = await self.payloads.open(offered)
        except ValueError:
            return Ending("dead", code="unreadable", message="The payload cannot be opened.")
        if payload is None:
            return Ending("answer", "erased")
        if self._expired(offered):
            return Ending("answer", "expired")
        if not self._fits(held, connector):
            return UNTRIED
        call = Call(
            key=PartnerKey(offered.id),
            payload=payload,
            owner=offered.owner,
            attempt=offered.attempts + 1,
            made_at_ms=offered.created_at_ms,
        )
        return await self._called(held, connector, call)

    async def _over(self, offered: Offered) -> Ending | None:
        """Does the entity say that it is not true any more?"""
        payload = await self.payloads.open(offered)
        if payload is None:
            return Ending("answer", "erased")
        reply = await self.entities.submit(offered.entity, Still(key=offered.key, payload=payload), by=SYSTEM)
        return Ending("answer", "dropped", code="stale") if reply.data == b"false" else None

    async def _called(self, held: HeldActivity, connector: Connector, call: Call) -> Ending:
        """The call, within its time. See `connector.Connector` for what it may raise."""
        within = asyncio.timeout(within_s := self._within_s(held, connector))
        try:
            async with within:
                return Ending("answer", result=await self._result(held.offered, connector, call), partner="well")
        except TimeoutError:
            hurried = within.expired() and within_s < connector.capacity.call_s
            return _late("unknown" if hurried else "failing")
        except Later as later:
            return _put_off(later)
        except Refused as refusal:
            return Ending("answer", "refused", code=refusal.code, message=refusal.message, partner="well")
        except Misconfigured as fault:
            return Ending("put_off", code=fault.code, message=fault.message, partner="closed")
        except Erased:
            return Ending("answer", "erased")
        except Unreadable as fault:
            return Ending("dead", code="unreadable", message=str(fault))
        except CarewireError:
            raise
        except Exception as error:  # a fault of the connector costs one activity its attempt  # noqa: BLE001
            return _fault(connector, call, error)

    async def _result(self, offered: Offered, connector: Connector, call: Call) -> bytes:
        """What the partner made of it: of an earlier attempt where it may have forgotten that, or of this one. Even
        the first that we know of may not be the first: a runner that died reported nothing. Who repeats a stored
        failure under a key for ever is asked under the next."""
        age_s = (self.clock.platform_ms() - offered.created_at_ms) / 1000
        if age_s > connector.remembers_s and (found := await connector.find(call)) is not None:
            return found
        for again in range(1, _KEYS):
            try:
                return await connector.carry_out(_under(call, again))
            except Later as later:
                if not later.stored:
                    raise
            if (found := await connector.find(call)) is not None:
                return found
        return await connector.carry_out(_under(call, _KEYS))

    def _expired(self, offered: Offered) -> bool:
        return offered.deadline_ms is not None and self.clock.platform_ms() > offered.deadline_ms

    def _fits(self, held: HeldActivity, connector: Connector) -> bool:
        """Is there time for a whole call?"""
        call_s = min(connector.capacity.call_s, _SHARE * held.offered.until_ms_from_now / 1000)
        return held.left_s(self.clock.monotonic_s()) >= call_s

    def _within_s(self, held: HeldActivity, connector: Connector) -> float:
        within_s = min(connector.capacity.call_s, held.left_s(self.clock.monotonic_s()))
        if held.offered.deadline_ms is not None:
            within_s = min(within_s, (held.offered.deadline_ms - self.clock.platform_ms()) / 1000)
        return within_s


def _under(call: Call, again: int) -> Call:
    key = PartnerKey(call.key.mark, again)
    return Call(key=key, payload=call.payload, owner=call.owner, attempt=call.attempt, made_at_ms=call.made_at_ms)


def _late(partner: PartnerState) -> Ending:
    """A partner that was given less than a whole call has not failed."""
    return Ending("put_off", code="timeout", message="The partner did not answer in time.", partner=partner)


def _put_off(later: Later) -> Ending:
    partner: PartnerState = "failing"
    if later.only_this:
        partner = "well"
    elif later.retry_after_s is not None:
        partner = "closed"
    return Ending("put_off", code=later.code, message=later.message, at_least_s=later.retry_after_s, partner=partner)


def _fault(connector: Connector, call: Call, error: Exception) -> Ending:
    _log.error("activity.fault", connector=connector.name, activity=str(call.key), kind=type(error).__name__)
    told = f"The connector failed ({type(error).__name__})."
    if call.attempt >= _FAULTS:
        return Ending("dead", code="internal", message=told)
    return Ending("put_off", code="internal", message=told)
