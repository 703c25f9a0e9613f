"""A payment provider as the runner calls it: asks are decoded, carried out, and what was seen is encoded."""

from collections.abc import Awaitable
from typing import Final, assert_never

import msgspec
from typing_extensions import override

from actors.payments.activities import (
    RANK,
    AccountAsk,
    AnswerDispute,
    Ask,
    AttachMethod,
    Begin,
    Capture,
    Confirm,
    Detach,
    EraseCustomer,
    Observed,
    OpenAccount,
    OpenCustomer,
    PaymentSeen,
    Read,
    ReadMethods,
    ReadTransfer,
    Refund,
    ReverseTransfer,
    SetUp,
    Transfer,
    Void,
    decode_ask,
    encode,
)
from actors.payments.standing import (
    ChangeProviderSubscription,
    EndSubscription,
    MeterUse,
    OpenSubscription,
    PreviewSubscription,
    ReadProviderSubscription,
    StandingAsk,
)
from config.capabilities.payments import PaymentSettings
from serve_app.activities.connector import Call, Capacity, Connector, Unreadable
from serve_app.activities.keys import PartnerKey
from serve_app.capabilities.payments.providers import (
    Attempt,
    CustomerProvider,
    DisputeProvider,
    PaymentProvider,
    PayoutProvider,
    SubscriptionProvider,
    unsupported,
)

_AT_ONCE: Final = 32
_UNCONFIRMED: Final = ("requires_payment_method", "requires_confirmation")
_OVER: Final = RANK["succeeded"]


class ProviderConnector(Connector):
    """One a runner and provider. What a provider may have forgotten, or repeats a failure of, is looked for."""

    def __init__(
        self, provider: PaymentProvider, settings: PaymentSettings, *, key_life_s: float | None = None
    ) -> None:
        """`key_life_s`: how long the provider is known to keep keys, where that is shorter than the setting."""
        self.name = provider.name
        self.capacity = Capacity(at_once=_AT_ONCE, call_s=settings.timeout_s)
        self.remembers_s = min(settings.key_life_h * 3600, key_life_s or settings.key_life_h * 3600)
        self.provider, self.settings = provider, settings

    @override
    async def carry_out(self, call: Call) -> bytes:
        return encode(await self._carry_out(_decoded(call), _attempt(call)))

    @override
    async def find(self, call: Call) -> bytes | None:
        found = await self._find(_decoded(call), _attempt(call))
        return None if found is None else encode(found)

    @override
    async def close(self) -> None:
        await self.provider.close()

    def _carry_out(self, ask: Ask, attempt: Attempt) -> Awaitable[Observed]:
        provider = self.provider
        match ask:
            case Begin():
                return provider.begin(ask, attempt)
            case Confirm():
                return provider.confirm(ask, attempt)
            case Capture():
                return provider.capture(ask, attempt)
            case Void():
                return provider.void(ask, attempt)
            case Refund():
                return provider.refund(ask, attempt)
            case Read():
                return provider.read(ask, attempt)
            case AnswerDispute():
                return self._disputes().answer_dispute(ask, attempt)
            case OpenAccount() | Transfer() | ReadTransfer() | ReverseTransfer():
                return self._pay_out(self._payouts(), ask, attempt)
            case ReadProviderSubscription() | ChangeProviderSubscription() | EndSubscription():
                return self._run_subscription(self._subscriptions(), ask, attempt)
            case OpenSubscription() | PreviewSubscription() | MeterUse():
                return self._run_subscription(self._subscriptions(), ask, attempt)
            case OpenCustomer() | EraseCustomer() | SetUp() | AttachMethod() | Detach() | ReadMethods():
                return self._serve_customer(self._customers(), ask, attempt)
        assert_never(ask)

    @staticmethod
    def _serve_customer(
        provider: CustomerProvider,
        ask: OpenCustomer | EraseCustomer | SetUp | AttachMethod | Detach | ReadMethods,
        attempt: Attempt,
    ) -> Awaitable[Observed]:
        match ask:
            case OpenCustomer():
                return provider.open_customer(ask, attempt)
            case EraseCustomer():
                return provider.erase_customer(ask, attempt)
            case SetUp():
                return provider.set_up(ask, attempt)
            case AttachMethod():
                return provider.attach(ask, attempt)
            case Detach():
                return provider.detach(ask, attempt)
            case ReadMethods():
                return provider.read_methods(ask, attempt)
        assert_never(ask)

    @staticmethod
    def _pay_out(provider: PayoutProvider, ask: AccountAsk, attempt: Attempt) -> Awaitable[Observed]:
        match ask:
            case OpenAccount():
                return provider.open_account(ask, attempt)
            case Transfer():
                return provider.transfer(ask, attempt)
            case ReadTransfer():
                return provider.read_transfer(ask, attempt)
            case ReverseTransfer():
                return provider.reverse_transfer(ask, attempt)
        assert_never(ask)

    @staticmethod
    def _run_subscription(provider: SubscriptionProvider, ask: StandingAsk, attempt: Attempt) -> Awaitable[Observed]:
        match ask:
            case OpenSubscription():
                return provider.open_subscription(ask, attempt)
            case ReadProviderSubscription():
                return provider.read_subscription(ask.ref)
            case ChangeProviderSubscription():
                return provider.change_subscription(ask, attempt)
            case EndSubscription():
                return provider.end_subscription(ask, attempt)
            case PreviewSubscription():
                return provider.preview_subscription(ask, attempt)
            case MeterUse():
                return provider.meter_use(ask, attempt)
        assert_never(ask)

    async def _find(self, ask: Ask, attempt: Attempt) -> Observed | None:
        """What an earlier attempt has made. Where a repeat does no harm, nothing is looked for."""
        match ask:
            case Begin():
                return await self.provider.find_begun(ask, attempt)
            case Refund():
                return await self.provider.find_refund(ask, attempt)
            case Confirm():
                seen = await self._read(ask.ref, attempt)
                return None if seen.status in _UNCONFIRMED else seen
            case Capture() | Void():
                seen = await self._read(ask.ref, attempt)
                return seen if RANK[seen.status] == _OVER else None
            case AnswerDispute():
                seen = await self._read(ask.ref, attempt)
                return seen if _answered(seen, ask.dispute) else None
            case OpenCustomer():
                return await self._customers().find_customer(ask, attempt)
            case OpenSubscription():
                return await self._subscriptions().find_subscription(ask, attempt)
            case Transfer():
                return await self._payouts().find_transfer(ask, attempt)
            case ReverseTransfer():
                return await self._payouts().find_reversal(ask, attempt)
        return None

    async def _read(self, ref: str, attempt: Attempt) -> PaymentSeen:
        return await self.provider.read(Read(ref=ref), attempt)

    def _customers(self) -> CustomerProvider:
        if not isinstance(self.provider, CustomerProvider):
            raise unsupported(self.name)
        return self.provider

    def _disputes(self) -> DisputeProvider:
        if not isinstance(self.provider, DisputeProvider):
            raise unsupported(self.name)
        return self.provider

    def _payouts(self) -> PayoutProvider:
        if not isinstance(self.provider, PayoutProvider):
            raise unsupported(self.name)
        return self.provider

    def _subscriptions(self) -> SubscriptionProvider:
        if not isinstance(self.provider, SubscriptionProvider):
            raise unsupported(self.name)
        return self.provider


def _answered(seen: PaymentSeen, dispute: str) -> bool:
    return any(one.ref == dispute and not one.status.endswith("needs_response") for one in seen.disputes)


def _decoded(call: Call) -> Ask:
    try:
        ask: Ask = decode_ask(call.payload)
    except msgspec.MsgspecError:
        raise Unreadable("This is nothing that a payment provider is asked.") from None
    return ask


def _attempt(call: Call) -> Attempt:
    return Attempt(str(call.key), str(PartnerKey(call.key.mark)), call.made_at_ms)
