"""Who pays, for the operations: commands to the payer, and waiting for what a provider answers."""

import asyncio
from collections.abc import Callable
from typing import Final

import msgspec

from actors.kernel.contract.entity import SYSTEM, Principal
from actors.kernel.contract.ports import EntityClient
from actors.payments.bill.commands import Pay
from actors.payments.bill.rules.paying import SAVES
from actors.payments.payer.commands import AddMethod, OpenAt, PayerCommand, PayerView, ReadPayer
from actors.payments.payer.state import MethodRecord, PayerRecord
from common.clock import Clock
from common.errors import FailedPrecondition, NotFound, Unavailable
from serve_app.capabilities.payments.shared import Options

_PATIENCE_S: Final = 5.0
_PAYERS_PATIENCE_S: Final = 2.0  # of somebody who wants to pay
_FIRST_LOOK_S, _LONGEST_PAUSE_S = 0.01, 0.1


class Payers:
    """One a process."""

    def __init__(self, entities: EntityClient, clock: Clock) -> None:
        self._entities, self._clock = entities, clock

    async def ask(self, payer: str, command: PayerCommand, by: Principal, trace: str = "") -> PayerView:
        """A command to a payer, and what they are then."""
        reply = await self._entities.submit(f"payer:{payer}", command, by=by, trace=trace)
        return msgspec.json.decode(reply.data, type=PayerView)

    async def read(self, payer: str, by: Principal, trace: str = "") -> PayerView:
        """What is kept of a payer. Raises NotFound: it is somebody else."""
        return await self.ask(payer, ReadPayer(), by, trace)

    async def payer_of(self, client: str) -> str:
        """Who pays for a client: their guarantor, or themselves."""
        record = (await self.read(client, SYSTEM)).record
        return record.guarantor or record.merged or client

    async def method(self, payer: str, method_id: str) -> MethodRecord:
        """A method of a payer. Raises NotFound."""
        record = (await self.read(payer, SYSTEM)).record
        method = record.method(method_id)
        if method is None:
            raise NotFound("There is no such method.", method=method_id)
        return method

    async def means(
        self,
        payer: str,
        options: Options,
        provider: str | None,
        method_id: str | None,
        *,
        save: bool,
        by: Principal,
    ) -> Pay:
        """By what somebody pays: a saved method, or whatever the provider's page takes.

        Raises:
            NotFound: the method is not theirs.
            InvalidArgument: no such provider is configured.
        """
        if method_id is None:
            name = options.provider(provider)
            wanted = save and name in SAVES
            customer = await self.customer(payer, name, patience_s=_PAYERS_PATIENCE_S) if wanted else ""
            return Pay(provider=name, customer=customer, save=save and bool(customer))
        if by.user != payer:
            raise NotFound("There is no such method.", method=method_id)
        method = await self.method(payer, method_id)
        name = options.provider(provider or method.provider)
        if name != method.provider:
            raise NotFound("There is no such method at this provider.", method=method_id)
        record = (await self.read(payer, SYSTEM)).record
        return Pay(
            provider=name,
            method_id=method_id,
            method=method.seen.ref,
            customer=record.customers.get(name, ""),
        )

    async def customer(self, payer: str, provider: str, *, patience_s: float = _PATIENCE_S) -> str:
        """What a provider calls a payer; made where it is not there yet.

        Raises:
            Unavailable: the provider does not answer.
        """
        view = await self.ask(payer, OpenAt(provider=provider), SYSTEM)
        view = await self.wait(
            view, lambda record: provider in record.customers or provider in record.failed, patience_s
        )
        customer = view.record.customers.get(provider, "")
        if not customer:
            raise Unavailable("The payment provider does not answer. Try again soon.", retry_after_s=5)
        return customer

    async def set_up(self, payer: str, provider: str) -> PayerView:
        """Begin to save a method: with what the browser needs.

        Raises:
            Unavailable: the provider does not answer.
        """
        await self.customer(payer, provider)
        before = (await self.read(payer, SYSTEM)).record.client_seq
        view = await self.ask(payer, OpenAt(provider=provider, set_up=True), SYSTEM)
        view = await self.wait(view, lambda record: record.client_seq != before or provider in record.failed)
        if view.record.client_seq == before:
            raise Unavailable("The payment provider does not answer. Try again soon.", retry_after_s=5)
        return view

    async def add(self, payer: str, provider: str, token: str) -> tuple[PayerView, MethodRecord]:
        """Keep the method that a token names.

        Raises:
            FailedPrecondition: the provider does not take it.
            Unavailable: the provider does not answer.
        """
        await self.customer(payer, provider)
        view = await self.ask(payer, AddMethod(provider=provider, token=token), SYSTEM)
        view = await self.wait(view, lambda record: bool(record.added) or provider in record.failed)
        if code := view.record.failed.get(provider):
            raise FailedPrecondition(
                "The provider does not take this method.",
                details={"reason": "card_declined", "decline_code": code, "retryable": True},
            )
        method = view.record.method(view.record.added)
        if method is None:
            raise Unavailable("The payment provider does not answer. Try again soon.", retry_after_s=5)
        return view, method

    async def wait(
        self, view: PayerView, ready: Callable[[PayerRecord], bool], patience_s: float = _PATIENCE_S
    ) -> PayerView:
        """Until the payer is `ready`, or patience is at its end."""
        until, pause = self._clock.monotonic_s() + patience_s, _FIRST_LOOK_S
        while not ready(view.record) and self._clock.monotonic_s() < until:
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_S)
            view = await self.read(view.record.id, SYSTEM)
        return view
