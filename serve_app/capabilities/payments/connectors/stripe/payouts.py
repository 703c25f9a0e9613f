"""Accounts of others at Stripe (Connect), and what is transferred to them."""

from typing import Protocol

from actors.payments.activities import AccountSeen, OpenAccount, ReadTransfer, ReverseTransfer, Transfer, TransferSeen
from serve_app.activities.connector import Refused
from serve_app.capabilities.payments.connectors.stripe.client import PAYOUT, REF, Object, Sdk
from serve_app.capabilities.payments.providers import Attempt


class StripePayouts(Protocol):
    """See `PayoutProvider`."""

    sdk: Sdk

    async def open_account(self, ask: OpenAccount, attempt: Attempt) -> AccountSeen:
        """A new account is found by its key for a day; one that was made twice stays empty and is never paid to."""
        account = await self._account(ask, attempt)
        url = ""
        if ask.return_url and not account["payouts_enabled"]:
            params = {
                "account": account["id"],
                "refresh_url": ask.return_url,
                "return_url": ask.return_url,
                "type": "account_onboarding",
            }
            options = {"idempotency_key": f"{attempt.key}-link-{attempt.made_at_ms}"}
            url = (await self.sdk.make(self.sdk.v1.account_links.create_async(params, options)))[0]["url"]
        enabled = bool(account["payouts_enabled"])
        return AccountSeen(
            ref=account["id"],
            payouts_enabled=enabled,
            requirements=tuple((account.get("requirements") or {}).get("currently_due") or ()),
            url=url,
            held={} if enabled or not ask.account else await self._held(account["id"]),
        )

    async def transfer(self, ask: Transfer, attempt: Attempt) -> TransferSeen:
        params = {
            "amount": ask.amount,
            "currency": ask.currency.lower(),
            "destination": ask.account,
            "metadata": {REF: attempt.ref, PAYOUT: ask.payout},
        }
        options = {"idempotency_key": attempt.key}
        made, replayed = await self.sdk.make(self.sdk.v1.transfers.create_async(params, options))
        return await self._transfer(made["id"]) if replayed else _seen(made)

    async def find_transfer(self, ask: Transfer, attempt: Attempt) -> TransferSeen | None:
        return await self._made_for(ask.payout, ask.account)

    async def read_transfer(self, ask: ReadTransfer, attempt: Attempt) -> TransferSeen:
        if ask.ref:
            return await self._transfer(ask.ref)
        if (found := await self._made_for(ask.payout, ask.account)) is None:
            raise Refused("resource_missing", "There is no such transfer.")
        return found

    async def reverse_transfer(self, ask: ReverseTransfer, attempt: Attempt) -> TransferSeen:
        params = {"amount": ask.amount, "metadata": {REF: attempt.ref}}
        options = {"idempotency_key": attempt.key}
        await self.sdk.make(self.sdk.v1.transfers.reversals.create_async(ask.ref, params, options))
        return await self._transfer(ask.ref)

    async def find_reversal(self, ask: ReverseTransfer, attempt: Attempt) -> TransferSeen | None:
        def page(params: Object):  # type: ignore[no-untyped-def] # the SDK's own coroutine
            return self.sdk.v1.transfers.reversals.list_async(ask.ref, params)

        async for one in self.sdk.walk(page):
            if one["metadata"].get(REF) == attempt.ref:
                return await self._transfer(ask.ref)
        return None

    async def _account(self, ask: OpenAccount, attempt: Attempt) -> Object:
        if ask.account:
            return await self.sdk.get(self.sdk.v1.accounts.retrieve_async(ask.account))
        params = {
            "controller": {
                "fees": {"payer": "application"},
                "losses": {"payments": "application"},
                "stripe_dashboard": {"type": "express"},
            },
            "capabilities": {"transfers": {"requested": True}},
            "metadata": {REF: attempt.ref},
        }
        return (await self.sdk.make(self.sdk.v1.accounts.create_async(params, {"idempotency_key": attempt.key})))[0]

    async def _made_for(self, payout: str, account: str) -> TransferSeen | None:
        """The transfer of a payout, whichever call has made it."""
        async for one in self.sdk.walk(self.sdk.v1.transfers.list_async, destination=account):
            if one["metadata"].get(PAYOUT) == payout:
                return _seen(one)
        return None

    async def _held(self, account: str) -> dict[str, int]:
        """What lies in an account: nobody's bank has it."""
        found = await self.sdk.get(self.sdk.v1.balance.retrieve_async({}, {"stripe_account": account}))
        sums: dict[str, int] = {}
        for one in [*found["available"], *found["pending"]]:
            currency = one["currency"].upper()
            sums[currency] = sums.get(currency, 0) + one["amount"]
        return sums

    async def _transfer(self, ref: str) -> TransferSeen:
        return _seen(await self.sdk.get(self.sdk.v1.transfers.retrieve_async(ref)))


def _seen(transfer: Object) -> TransferSeen:
    return TransferSeen(ref=transfer["id"], amount=transfer["amount"], reversed=transfer["amount_reversed"])
